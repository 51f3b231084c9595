package bayeux

import (
	"os"
	"strings"
	"testing"
)

// Where each thing that can happen leads from each state; none where it cannot happen.
func TestOutletTransitions(t *testing.T) {
	const never = outletStates
	for _, c := range []struct {
		from, connect, hold, answer, socket, stream, eventSource, close outletState
	}{
		{handshaken, away, never, never, never, never, never, never},
		{away, away, polling, never, socket, stream, eventSource, never},
		{polling, polling, never, away, never, never, eventSourceHeld, never},
		{socket, socket, socketHeld, never, never, never, never, away},
		{socketHeld, socketHeld, never, socket, never, never, never, never},
		{stream, stream, never, never, never, never, never, away},
		{eventSource, eventSource, eventSourceHeld, never, never, never, never, away},
		{eventSourceHeld, eventSourceHeld, never, eventSource, never, never, never, polling},
		{reserved, never, never, never, never, never, anonymous, never},
		{anonymous, never, never, never, never, never, never, reserved},
	} {
		happens := func(name string, want outletState, event func(o *outlet)) {
			if want == never {
				return
			}
			o := outlet{state: c.from, held: ReplyTo{Conn: 1}, stream: ReplyTo{Conn: 2}}
			if event(&o); o.state != want {
				t.Errorf("%s: %s leads to %s, not %s", c.from, name, o.state, want)
			}
		}
		open := func(kind ConnectionType) func(o *outlet) {
			return func(o *outlet) { o.open(ReplyTo{Conn: 3}, kind) }
		}
		happens("a connect", c.connect, func(o *outlet) { o.connect() })
		happens("a hold", c.hold, func(o *outlet) { o.hold(ReplyTo{Conn: 3}, LongPolling) })
		happens("an answer", c.answer, (*outlet).answer)
		happens("a websocket", c.socket, open(WebSocket))
		happens("a streaming response", c.stream, open(Iframe))
		happens("an event-stream", c.eventSource, open(EventSource))
		happens("a stream's end", c.close, (*outlet).close)
	}
}

// What each state is asked.
func TestOutletStates(t *testing.T) {
	for _, c := range []struct {
		state                      outletState
		holds, streams, takes, own bool
		timer                      timer
	}{
		{handshaken, false, false, false, false, expiry},
		{away, false, false, false, false, expiry},
		{polling, true, false, true, false, holdTime},
		{socket, false, true, true, false, expiry},
		{socketHeld, true, true, true, false, holdTime},
		{stream, false, true, true, false, noTimer},
		{eventSource, false, true, true, false, expiry},
		{eventSourceHeld, true, true, true, false, holdTime},
		{reserved, false, false, false, true, expiry},
		{anonymous, false, true, true, true, noTimer},
	} {
		o := outlet{state: c.state}
		if o.holds() != c.holds || o.streams() != c.streams || o.takes() != c.takes || o.nameless() != c.own || o.timer() != c.timer {
			t.Errorf("%s holds %v, streams %v, takes %v, is nameless %v and has timer %d", c.state, o.holds(), o.streams(), o.takes(), o.nameless(), o.timer())
		}
	}
}

// What a connect of a type ends: the held connect, and the stream.
func TestOutletTakenOver(t *testing.T) {
	here, elsewhere := ReplyTo{Conn: 1}, ReplyTo{Conn: 2}
	for _, c := range []struct {
		state             outletState
		held, stream      ConnectionType
		kind              ConnectionType
		by                ReplyTo
		displaces, closes bool
	}{
		{away, 0, 0, LongPolling, elsewhere, false, false},
		{polling, LongPolling, 0, CallbackPolling, elsewhere, true, false},
		{polling, CallbackPolling, 0, EventSource, elsewhere, false, false},
		{polling, Iframe, 0, EventSource, elsewhere, true, false},
		{polling, WebSocket, 0, EventSource, elsewhere, true, false},
		{socket, 0, WebSocket, WebSocket, here, false, false},
		{socket, 0, WebSocket, WebSocket, elsewhere, false, true},
		{socket, 0, WebSocket, LongPolling, elsewhere, false, true},
		{socketHeld, WebSocket, WebSocket, WebSocket, here, true, false},
		{socketHeld, WebSocket, WebSocket, EventSource, elsewhere, true, true},
		{stream, 0, XHRStreaming, XHRStreaming, elsewhere, false, true},
		{stream, 0, XHRStreaming, EventSource, elsewhere, false, true},
		{eventSource, 0, EventSource, EventSource, elsewhere, false, false},
		{eventSource, 0, EventSource, CrossOriginLongPolling, elsewhere, false, false},
		{eventSource, 0, EventSource, MimeMessageBlock, elsewhere, false, true},
		{eventSourceHeld, LongPolling, EventSource, EventSource, elsewhere, false, false},
		{eventSourceHeld, LongPolling, EventSource, LongPolling, elsewhere, true, false},
		{eventSourceHeld, LongPolling, EventSource, WebSocket, elsewhere, true, true},
	} {
		o := outlet{state: c.state, held: here, heldType: c.held, stream: here, streamType: c.stream}
		if c.state.in(byEventSource) {
			o.stream = ReplyTo{Conn: 3}
		}
		closes := o.streams() && !o.outlives(c.kind, c.by)
		if o.displaces(c.kind) != c.displaces || closes != c.closes {
			t.Errorf("%s: a connect of type %s displaces %v and closes %v", c.state, c.kind, o.displaces(c.kind), closes)
		}
	}
}

// What is known of a client's hearing decides whether events go on an event-stream, and
// outlives it.
func TestHearing(t *testing.T) {
	o := outlet{state: away}
	o.hearing.hear(LongPolling, false)
	o.hearing.reopen()
	o.open(ReplyTo{Conn: 1}, EventSource)
	if o.usesStream() || o.takes() {
		t.Error("the stream of a client that polls is used")
	}
	o.hearing.hear(EventSource, true)
	if !o.usesStream() || o.doubts() {
		t.Error("the stream of a client that hears it is not used")
	}
	o.hearing.hear(LongPolling, true)
	if !o.usesStream() || !o.doubts() {
		t.Error("a poll that may be late is believed")
	}
	if o.close(); o.doubts() {
		t.Error("a stream that has gone is doubted")
	}
	o.hearing.reopen()
	if o.open(ReplyTo{Conn: 2}, EventSource); !o.usesStream() || o.doubts() {
		t.Error("a stream is doubted since the one before was")
	}
	o.hearing.hear(LongPolling, true)
	o.hearing.hear(LongPolling, true)
	if o.usesStream() {
		t.Error("of two polls in a row the second is taken for late")
	}
	for _, state := range []outletState{socket, stream} {
		if o.state = state; !o.usesStream() {
			t.Errorf("the %s of a client that polled is not used", state)
		}
	}
}

// Nothing is left of a held connect or a stream that has ended.
func TestOutletForgets(t *testing.T) {
	o := outlet{state: eventSourceHeld, held: ReplyTo{Conn: 1}, heldType: CallbackPolling, stream: ReplyTo{Conn: 2}, streamType: EventSource}
	if poll, stream := o.goesWith(ReplyTo{Conn: 3}); poll || stream {
		t.Error("another connection takes the poll or the stream with it")
	}
	if poll, stream := o.goesWith(ReplyTo{Conn: 1}); !poll || stream {
		t.Error("the poll's connection does not take the poll with it")
	}
	if poll, stream := o.goesWith(ReplyTo{Conn: 2}); poll || !stream {
		t.Error("the stream's connection does not take the stream with it")
	}
	o.answer()
	o.close()
	if o != (outlet{state: away}) {
		t.Errorf("%+v", o)
	}
}

// Each state has a transcript of its name, which comes into it, and a row in ARCHITECTURE.
func TestOutletsAreDescribed(t *testing.T) {
	architecture, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for state := range outletStates {
		if !strings.Contains(string(architecture), "\n| "+state.String()+" |") {
			t.Errorf("ARCHITECTURE has no row for %s", state)
		}
		text, err := os.ReadFile("testdata/outlet-" + state.String() + ".txt")
		if err != nil || !strings.Contains(string(text), "\n"+state.String()+", ") {
			t.Errorf("no transcript comes to %s: %v", state, err)
		}
	}
}
