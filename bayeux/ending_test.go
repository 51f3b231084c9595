package bayeux

import (
	"slices"
	"testing"
)

// Each end of a session is told once, with its cause and the request by which its client is there.
func TestEndings(t *testing.T) {
	p := newPlayer(t, "")
	p.configure(nil)
	var got []Ending
	p.config.Ended = func(e Ending) { got = append(got, e) }
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 2\n" + `{"channel":"/meta/connect","connectionType":"long-polling","clientId":"$1"}`)
	p.run("post 3\n" + `{"channel":"/meta/disconnect","clientId":"$1"}`)
	p.run("post 4\n" + `{"channel":"/meta/handshake"}`)
	p.run("tick 1h")
	p.run("post 5\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 6\n" + `{"channel":"/meta/connect","connectionType":"long-polling","clientId":"$3"}`)
	p.run("post 7\n" + `{"channel":"/meta/connect","connectionType":"long-polling","clientId":"$3"}`)
	p.server.Disconnect(p.now, p.address("$3"), &p.fx)
	var causes []EndCause
	for _, e := range got {
		causes = append(causes, e.Cause)
	}
	if !slices.Equal(causes, []EndCause{Left, Missed, Ordered}) {
		t.Fatalf("%+v", got)
	}
	if got[0].By == (ReplyTo{}) || got[1].By != (ReplyTo{}) || got[2].By == (ReplyTo{}) || got[2].By == got[0].By {
		t.Errorf("%+v", got)
	}
}
