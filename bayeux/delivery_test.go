package bayeux

import "testing"

// Where each thing that can happen leads from each phase.
func TestDeliveryPhases(t *testing.T) {
	poll := Request{To: ReplyTo{Conn: 1}, Type: LongPolling}
	for _, c := range []struct {
		from                         deliveryPhase
		send, left, bounced, connect deliveryPhase
	}{
		{idle, leaving, idle, idle, idle},
		{leaving, leaving, idle, leaving, leaving},
		{unseen, inFlight, unseen, idle, idle},
		{inFlight, inFlight, unseen, leaving, leaving},
	} {
		happens := func(name string, want deliveryPhase, event func(d *delivery)) {
			d := delivery{phase: c.from, upto: 7, carrier: ReplyTo{Conn: 1}}
			if event(&d); d.phase != want {
				t.Errorf("%d: %s leads to %d, not %d", c.from, name, d.phase, want)
			}
		}
		happens("an effect", c.send, func(d *delivery) { d.send(&Effect{Numbered: true, Upto: 8}) })
		happens("an effect whose fate is not told", c.from, func(d *delivery) { d.send(&Effect{}) })
		happens("its fate", c.left, func(d *delivery) { d.left(7) })
		happens("the fate of an earlier one", c.from, func(d *delivery) { d.left(6) })
		happens("a bounce", c.bounced, func(d *delivery) { d.bounced() })
		happens("a connect", c.connect, func(d *delivery) { d.connected(poll, LongPolling, false) })
	}
}

// Events that came back from a stream may have arrived in part.
func TestBouncedGroupStaysUnseen(t *testing.T) {
	var d delivery
	d.stream(true)
	d.send(&Effect{Numbered: true, Upto: 3})
	if last := d.left(3); !last || d.phase != unseen {
		t.Errorf("left: %v, phase %d", last, d.phase)
	}
	if d.bounced(); !d.unseen() {
		t.Error("a group that bounced counts as seen")
	}
	d.reply(true)
	if d.bounced(); d.unseen() {
		t.Error("a reply that bounced counts as unseen")
	}
	if d.reply(false); d.unseen() || d.byStream {
		t.Error("a reply without events is waited for")
	}
}

// Which connects may have been sent before events came.
func TestConnectsThatMayCross(t *testing.T) {
	here := ReplyTo{Loop: 1, Conn: 2, Gen: 3, Serial: 4}
	for _, c := range []struct {
		name     string
		byStream bool
		by       ReplyTo
		carried  ConnectionType
		kind     ConnectionType
		beside   bool
		may      bool
	}{
		{"the next poll on the same connection", false, ReplyTo{Loop: 1, Conn: 2, Gen: 3, Serial: 5}, LongPolling, LongPolling, false, false},
		{"a poll on another connection", false, ReplyTo{Loop: 1, Conn: 3, Gen: 3, Serial: 4}, LongPolling, LongPolling, false, true},
		{"a poll on a later connection of the slot", false, ReplyTo{Loop: 1, Conn: 2, Gen: 4}, LongPolling, LongPolling, false, true},
		{"a poll on another loop", false, ReplyTo{Loop: 2, Conn: 2, Gen: 3}, CrossOriginLongPolling, CrossOriginLongPolling, false, true},
		{"a script's poll", false, ReplyTo{Conn: 3}, CallbackPolling, CallbackPolling, false, false},
		{"a websocket's connect", false, ReplyTo{Conn: 3}, WebSocket, WebSocket, false, false},
		{"a heartbeat beside the stream", true, ReplyTo{Conn: 3}, LongPolling, EventSource, true, true},
		{"a poll beside the stream", true, ReplyTo{Conn: 3}, LongPolling, LongPolling, true, true},
		{"a poll after the stream", true, ReplyTo{Conn: 3}, LongPolling, LongPolling, false, false},
		{"a connect on a websocket that is the stream", true, here, WebSocket, WebSocket, true, false},
	} {
		d := delivery{carrier: here, byStream: c.byStream}
		if may := d.mayCross(Request{To: c.by, Type: c.carried}, c.kind, c.beside); may != c.may {
			t.Errorf("%s: %v", c.name, may)
		}
	}
}

// A group that took long halves the next ones by how long it took.
func TestGroupSize(t *testing.T) {
	var g groupSize
	for _, c := range []struct {
		took int64 // 0: it was in time
		more bool
		want int // KiB of the next
	}{
		{0, true, 64}, {LateAfter, true, 64}, {LateAfter + 1, true, 32}, {0, false, 32}, {0, true, 64},
		{4 * LateAfter, true, 16}, {1 << 40, true, 8}, {0, true, 16}, {0, true, 32}, {0, true, 64}, {0, true, 64},
	} {
		if c.took > 0 {
			g.took(c.took)
		}
		if g.fit(c.more); g.bytes() != c.want<<10 {
			t.Errorf("%d KiB after a group of %d ms, not %d", g.bytes()>>10, c.took, c.want)
		}
	}
}
