package bayeux

import (
	"testing"

	"halley/bayeux/history"
)

// News of a session that has ended, or of a batch that does not wait any more, changes
// nothing, whatever it tells.
func TestReportsThatComeTooLate(t *testing.T) {
	p := newPlayer(t, "")
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 2\n" + `[{"channel":"/meta/connect","clientId":"$1"},{"channel":"/meta/subscribe","clientId":"$1","subscription":"/a"}]`)
	ended := p.address("$1")
	ended.Gen++
	before := p.run("state")
	for kind := range ReportKind(reportKinds) {
		late := Report{Kind: kind, Session: ended, Upto: 1, Took: 1000, To: requestTo("2"), Ticket: 99, Past: new(history.Remembered)}
		p.server.Report(p.now, &late, &p.fx)
		if len(p.fx.List) > 0 || p.server.Dirty() || p.run("state") != before {
			t.Errorf("report %d has effects: %s", kind, p.print())
		}
	}
}

// A kind that there is not is known as little as it does anything.
func TestKnownKinds(t *testing.T) {
	for kind := range EffectKind(255) {
		if kind.Known() != (kind <= Guessed) {
			t.Errorf("effect %d", kind)
		}
	}
	for kind := range ReportKind(255) {
		if kind.Known() != (kind <= GiveUp) {
			t.Errorf("report %d", kind)
		}
	}
}
