package bayeux

import (
	"fmt"
	"strings"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/history"
)

// A client that subscribes with a cursor, unsubscribes and subscribes to something else
// while it reads nothing has no more replays at once than it may have subscriptions.
func TestReplaysThatWereLeftAreBounded(t *testing.T) {
	cfg := testConfig()
	cfg.QueueMessages, cfg.QueueBytes, cfg.MaxSubscriptions = 400, 1<<20, 10
	cfg.Rules = rulesOf(t, cfg, "/h/** history=1000")
	b := newBacklog(t, false, cfg, 0, 0)
	replies := ""
	for n := range 30 {
		pattern := fmt.Sprintf("/h/%d", n)
		batch := scanned(t, fmt.Sprintf(`[{"channel":"/meta/subscribe","clientId":%[1]q,"subscription":%[2]q,"ext":{"replay":-2}},`+
			`{"channel":"/meta/unsubscribe","clientId":%[1]q,"subscription":%[2]q}]`, b.id, pattern))
		b.server.Handle(b.now, Request{To: ReplyTo{Serial: uint32(9000 + n)}}, &batch, &b.fx)
		for i := range b.fx.List {
			if e := &b.fx.List[i]; e.Kind == Join {
				past := history.Remembered{Replays: e.Wanted, Upto: 100}
				b.server.Report(b.now, &Report{Kind: Joined, Ticket: e.Ticket, Past: &past}, &b.fx)
			}
		}
		for i := range b.fx.List {
			replies += string(b.fx.Messages(&b.fx.List[i]))
		}
		b.fx.Reset()
	}
	refused := strings.Count(replies, `"error":"403::too_many_subscriptions`)
	for _, p := range b.server.replays.of {
		if len(p.rest) != cfg.MaxSubscriptions || refused != 30-len(p.rest) {
			t.Errorf("%d replays, %d refused", len(p.rest), refused)
		}
	}
	if len(b.server.replays.of) != 1 {
		t.Errorf("%d sessions replay", len(b.server.replays.of))
	}
}

// What a subscription gets of the past counts as work with every event that was read for
// it, even if the session has it already or there is no room: many subscriptions to one
// history would do as much in one turn as they like.
func TestReplaysCountAsWork(t *testing.T) {
	cfg := testConfig()
	cfg.QueueMessages, cfg.QueueBytes = 400, 1<<20
	cfg.Rules = rulesOf(t, cfg, "/h/** history=1000")
	b := newBacklog(t, false, cfg, 0, 0)
	var past history.Remembered
	for i := range 100 {
		event := event.New([]byte("/h/a"), []byte("1"), false).Numbered(int64(i + 1))
		past.Entries = append(past.Entries, history.Entry{ID: int64(i + 1), Channel: "/h/a", Event: string(event)})
	}
	past.Upto = 100
	for n := range 20 {
		pattern := fmt.Sprintf("/h/%s", []string{"*", "**"}[n%2])
		past.Replays = []history.Wanted{{Pattern: pattern, Replay: true, After: history.Earliest}}
		batch := scanned(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%q,"ext":{"replay":-2}}`, b.id, pattern))
		before := b.server.Worked()
		b.server.Handle(b.now, Request{To: ReplyTo{Serial: uint32(9000 + n)}}, &batch, &b.fx)
		ticket := Ticket(0)
		for i := range b.fx.List {
			if e := &b.fx.List[i]; e.Kind == Join {
				ticket = e.Ticket
			}
		}
		b.fx.Reset()
		b.server.Report(b.now, &Report{Kind: Joined, Ticket: ticket, Past: &past}, &b.fx)
		b.fx.Reset()
		if worked := b.server.Worked() - before; worked < pastUnits*100 {
			t.Fatalf("subscription %d: %d units for 100 events", n, worked)
		}
	}
	// Nor is looking free whether a live event comes with the rest of the past.
	event := event.New([]byte("/h/a"), []byte(strings.Repeat("1", 9)), false).Numbered(1 << 20)
	before := b.server.Worked()
	b.server.Deliver(b.now, event)
	if b.server.Worked() == before {
		t.Error("an event that is left to a replay costs nothing")
	}
}

// What is shed makes room for the rest of a replay: nothing else would have it read.
func TestReplayGoesOnAfterShedding(t *testing.T) {
	p := newPlayer(t, "")
	p.configure([]string{"queue-messages=4", "rule=/h/*,history=10"})
	p.run("post 1 type=websocket\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 1 type=websocket\n" + `{"channel":"/meta/connect","connectionType":"websocket","clientId":"$1"}`)
	p.run("post 1 type=websocket\n" + `{"channel":"/meta/subscribe","clientId":"$1","subscription":"/h/*","ext":{"replay":-2}}`)
	p.run("joined 1\n/h/1 11 1\n/h/1 12 2\n/h/1 13 3\n/h/1 14 4")
	if _, more := p.server.Shed(0, false, 0, 100); more {
		t.Error("shedding does not end")
	}
	if got := p.run("flush"); !strings.Contains(got, "read 2: /h/* after 12") {
		t.Errorf("the rest is not read: %s", got)
	}
}
