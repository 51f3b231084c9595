package client

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

var errCut = errors.New("cut")

// The first connect of a session is not held, the next one is, after the interval.
func TestMachineConnects(t *testing.T) {
	r := newRig(t, Options{})
	r.run()
	r.want("long-polling: handshake")
	r.answers("handshake", "")
	r.want("long-polling: connect long-polling at once")
	r.answers("connect", `"advice":{"interval":1000}`)
	r.want()
	r.pass(999 * time.Millisecond)
	r.want()
	r.pass(time.Millisecond)
	r.want("long-polling: connect long-polling")
}

// The next poll waits for the handlers of what the last one brought.
func TestMachineWaitsForHandlers(t *testing.T) {
	r := connected(t, longPollingType)
	c := r.pick("connect")
	r.replies(c, "")
	r.take(answered{c})
	r.want()
	r.take(settled{&settling{}}) // of an earlier time
	r.want()
	r.settle()
	r.want("long-polling: connect long-polling")
}

// Failures double the wait, a success ends that; a session that is lost is followed by
// another at once, but only the first time.
func TestMachineBacksOff(t *testing.T) {
	r := connected(t, longPollingType)
	for _, wait := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
		r.fails("connect", errCut)
		r.want("tell cut")
		r.pass(wait - 1)
		r.want()
		r.pass(1)
		r.want("long-polling: connect long-polling at once")
	}
	r.answers("connect", "")
	r.want("long-polling: connect long-polling")
	const lost = `"successful":false,"error":"402::session_unknown","advice":{"reconnect":"handshake","interval":0}`
	r.answers("connect", lost)
	r.want("tell 402::session_unknown", "long-polling: handshake")
	r.answers("handshake", "")
	r.answers("connect", lost)
	r.want("long-polling: connect long-polling at once", "tell 402::session_unknown")
	r.pass(time.Second)
	r.want("long-polling: handshake")
}

// A session that must have expired is not asked for.
func TestMachineForgetsAnExpiredSession(t *testing.T) {
	r := connected(t, longPollingType)
	r.answers("connect", `"advice":{"timeout":1000,"maxInterval":1000}`)
	r.pass(3 * time.Second)
	r.fails("connect", errCut)
	r.pass(time.Second)
	r.want("long-polling: connect long-polling", "tell cut", "long-polling: handshake")
}

// Connection types that do not get through are passed over, but two that post are one.
func TestMachineFallsBack(t *testing.T) {
	r := newRig(t, Options{ConnectionTypes: []string{webSocketType, eventSourceType, longPollingType}})
	r.run()
	r.opens(errCut)
	r.fails("handshake", errCut)
	r.want("open websocket ", "eventsource: handshake", "tell client: handshake: websocket: cut\ncut")
	r.pass(time.Second)
	r.opens(nil)
	r.answers("handshake", `"supportedConnectionTypes":["long-polling"]`)
	r.want("open websocket ", "websocket: handshake", "close websocket", "long-polling: connect long-polling at once")
}

// A server that offers only a connection type that came after the one that carried the
// handshake has that opened.
func TestMachineChooses(t *testing.T) {
	r := newRig(t, Options{ConnectionTypes: []string{longPollingType, webSocketType}})
	r.begin(false)
	r.answers("handshake", `"supportedConnectionTypes":["websocket"]`)
	r.opens(nil)
	r.want("long-polling: handshake", "open websocket c1", "finish <nil>")
	r.begin(false)
	r.answers("handshake", `"supportedConnectionTypes":["websocket"]`)
	r.opens(errCut)
	r.want("long-polling: handshake", "open websocket c1", "finish client: handshake: websocket: cut")
}

// Subscriptions come in batches; those that failed for their cursor come again, once.
func TestMachineSubscribes(t *testing.T) {
	r := newRig(t, Options{Replay: true, Forgotten: ForgottenEarliest})
	for n := range resubscribeBatch + 1 {
		r.m.table.set(registration{pattern: fmt.Sprintf("/%d", n), cursor: 7})
	}
	r.begin(false)
	r.answers("handshake", "")
	r.did = nil
	const gone = `"successful":false,"error":"400::The replayId {7} you provided was invalid"`
	r.answers("subscribe /0", "")
	r.want("long-polling: subscribe /50")
	r.answers("subscribe /50", gone)
	r.want("tell client: the server dropped messages: /50 1", "long-polling: subscribe /50")
	r.answers("subscribe /50", gone)
	r.want("tell client: subscribe /50: 400::The replayId {7} you provided was invalid", "finish <nil>")
}

// A session that is lost while its patterns are told is not kept without them: the next one is asked for.
func TestMachineLosesASessionWhileItSubscribes(t *testing.T) {
	for _, refusal := range []string{"402::session_unknown", "401::Unknown client", "403::unknown client"} {
		r := newRig(t, Options{})
		r.m.table.set(registration{pattern: "/0"})
		r.run()
		r.answers("handshake", "")
		r.did = nil
		r.answers("subscribe /0", `"successful":false,"error":"`+refusal+`"`)
		r.pass(time.Minute)
		r.want("tell "+refusal, "long-polling: handshake")
	}
}

// A session polls before it asks for its first stream, and connects by the stream's type
// when it sees that. It needs no poll before the next.
func TestMachineOpensAStream(t *testing.T) {
	r := newRig(t, Options{ConnectionTypes: []string{eventSourceType}})
	r.run()
	r.answers("handshake", "")
	r.answers("connect", "")
	r.want("eventsource: handshake", "long-polling: connect long-polling at once", "open eventsource c1")
	r.opens(nil)
	r.want("eventsource: connect eventsource at once")
	r.answers("connect", `"advice":{"interval":30000}`)
	r.pass(10 * time.Second)
	r.want()
	r.ends(r.m.link, nil)
	r.want("open eventsource c1")
	r.opens(nil)
	r.want("eventsource: connect eventsource at once")
	r.answers("connect", `"advice":{"interval":30000}`)
	r.ends(r.m.link, nil) // as soon as it has begun
	r.want("tell client: the connection has ended")
	r.pass(time.Second)
	r.want("open eventsource c1")
}

// Errors of a stream's opening, and what follows.
func TestMachineIsRefusedAStream(t *testing.T) {
	tests := []struct {
		name   string
		others []string
		err    error
		want   []string
	}{
		{"held back", nil, errHeldBack, []string{"tell eventsource: the event-stream is held back", "long-polling: connect long-polling at once"}},
		{"held back", []string{longPollingType}, errHeldBack, []string{"tell client: passed over: eventsource: the event-stream is held back", "long-polling: connect long-polling at once"}},
		{"refused", []string{longPollingType}, &StatusError{Status: 403}, []string{"tell client: passed over: eventsource: HTTP status 403 Forbidden", "long-polling: connect long-polling at once"}},
		{"unreachable", []string{longPollingType}, errCut, []string{"tell eventsource: cut", "open eventsource c1"}},
		{"lost", nil, &StatusError{Status: 404}, []string{"tell eventsource: HTTP status 404 Not Found", "long-polling: handshake"}},
	}
	for _, tt := range tests {
		r := newRig(t, Options{ConnectionTypes: append([]string{eventSourceType}, tt.others...)})
		r.run()
		r.answers("handshake", "")
		r.answers("connect", "")
		r.did = nil
		r.opens(tt.err)
		r.pass(time.Second)
		if tt.name == "lost" {
			tt.want[1] = "eventsource: handshake"
		}
		r.want(tt.want...)
	}
}

// How seldom to connect beside a stream, and that such a connect is not held, is no advice for polls.
func TestMachinePollsAsOftenAsItDid(t *testing.T) {
	r := newRig(t, Options{ConnectionTypes: []string{eventSourceType, longPollingType}})
	r.run()
	r.answers("handshake", `"advice":{"timeout":30000}`)
	r.answers("connect", "")
	r.opens(nil)
	r.answers("connect", `"advice":{"interval":28000,"timeout":0}`)
	r.pass(10 * time.Second)
	r.ends(r.m.link, nil)
	r.did = nil
	r.opens(errHeldBack)
	r.want("tell client: passed over: eventsource: the event-stream is held back", "long-polling: connect long-polling at once")
	if patience := r.calls[0].patience; patience < 30*time.Second {
		t.Errorf("a poll that may be held for 30 s is given up after %v", patience)
	}
	r.fails("connect", errCut)
	r.want("tell cut")
	r.pass(time.Second)
	r.want("long-polling: connect long-polling at once")
}

// Each move, from a connect that has just been sent.
func TestMachineMoves(t *testing.T) {
	const fence = "unsubscribe /service/fence"
	tests := []struct {
		from, to string
		moves    func(r *rig)
		want     []string
	}{
		{longPollingType, webSocketType, func(r *rig) {
			r.opens(nil)
			r.answers("at once", "")   // the second poll
			r.answers("connect l", "") // the first one
			r.answers("websocket", "")
		}, []string{"open websocket c1", "long-polling: connect long-polling at once", "websocket: connect websocket at once", "websocket: connect websocket"}},
		{longPollingType, eventSourceType, func(r *rig) {
			r.opens(nil)
			r.answers("connect l", "") // the first one
			r.answers("at once", "")   // the second poll
			r.answers("eventsource", "")
		}, []string{"open eventsource c1", "long-polling: connect long-polling at once", "eventsource: connect eventsource at once", "eventsource: connect eventsource"}},
		{webSocketType, longPollingType, func(r *rig) {
			r.answers(fence, "")
			r.answers("long-polling", "")
			r.fails("connect w", context.Canceled)
			r.answers(fence, "")
		}, []string{"websocket: " + fence, "long-polling: connect long-polling at once", "cancel connect websocket", "websocket: " + fence, "close websocket", "long-polling: connect long-polling"}},
		{webSocketType, eventSourceType, func(r *rig) {
			r.answers(fence, "")
			r.answers("long-polling", "")
			r.fails("connect w", context.Canceled)
			r.answers(fence, "")
			r.opens(nil)
			r.answers("eventsource", "")
		}, []string{"websocket: " + fence, "long-polling: connect long-polling at once", "cancel connect websocket", "websocket: " + fence, "close websocket",
			"open eventsource c1", "eventsource: connect eventsource at once", "eventsource: connect eventsource"}},
		{eventSourceType, webSocketType, func(r *rig) {
			r.opens(nil)
			r.answers("eventsource", "")
			r.answers("websocket", "")
			r.ends(r.open[0], nil)
		}, []string{"open websocket c1", "websocket: connect websocket at once", "websocket: connect websocket"}},
		{eventSourceType, longPollingType, func(r *rig) {
			r.answers("eventsource", "")
			r.answers("long-polling", "")
			r.take(stilled{r.watch[0]})
			r.settle()
		}, []string{"long-polling: connect long-polling at once", "watch eventsource", "close eventsource", "long-polling: connect long-polling"}},
	}
	for _, tt := range tests {
		t.Run(tt.from+" to "+tt.to, func(t *testing.T) {
			r := connected(t, tt.from)
			r.take(preferred{tt.to})
			tt.moves(r)
			r.want(tt.want...)
			if r.m.link.kind != tt.to || r.m.wish != "" {
				t.Errorf("goes on by %s, wishes for %s", r.m.link.kind, r.m.wish)
			}
		})
	}
}

// A server may leave a poll unanswered that another one has followed. It has arrived after
// a second, as has one that is older than that.
func TestMachineMovesOffAPollInTime(t *testing.T) {
	r := connected(t, longPollingType)
	r.take(preferred{webSocketType})
	r.opens(nil)
	r.answers("at once", "")
	r.want("open websocket c1", "long-polling: connect long-polling at once")
	r.pass(maxTransit)
	r.want("websocket: connect websocket at once")

	r = connected(t, longPollingType)
	r.pass(maxTransit)
	r.take(preferred{webSocketType})
	r.opens(nil)
	r.want("open websocket c1", "websocket: connect websocket at once")
	r.answers("websocket", "")
	r.want() // until the poll is answered
	r.pass(defaultNetworkDelay)
	r.want("cancel connect long-polling", "websocket: connect websocket")
}

// What does not get through leaves the session where it is, or brings it back.
func TestMachineMovesInVain(t *testing.T) {
	r := connected(t, longPollingType)
	r.take(preferred{webSocketType})
	r.opens(errCut)
	r.want("open websocket c1", "tell client: use websocket: cut")
	r.answers("connect", "")
	r.want("long-polling: connect long-polling")

	r = connected(t, webSocketType, eventSourceType)
	r.take(preferred{eventSourceType})
	r.answers("fence", "")
	r.answers("long-polling", "")
	r.fails("connect w", context.Canceled)
	r.answers("fence", "")
	r.did = nil
	r.opens(errHeldBack)
	r.want("tell client: use eventsource: the event-stream is held back", "open websocket c1")
	r.opens(nil)
	r.answers("websocket", "")
	r.want("websocket: connect websocket at once", "websocket: connect websocket")
}

// A poll that fails during a move is a failure; the move comes after it.
func TestMachineIsCutWhileItMoves(t *testing.T) {
	r := connected(t, longPollingType)
	r.take(preferred{webSocketType})
	r.fails("connect", errCut)
	r.opens(nil) // too late
	r.want("open websocket c1", "give up websocket", "tell cut", "close websocket")
	r.pass(time.Second)
	r.want("open websocket c1")
}

// After a cut, subscriptions with a cursor are asked for again by one POST with a connect,
// before anything else.
func TestMachineResumes(t *testing.T) {
	for _, kind := range []string{longPollingType, webSocketType, eventSourceType} {
		r := connected(t, kind)
		r.m.table.set(registration{pattern: "/a", cursor: 7})
		r.fails("connect", errCut)
		r.pass(time.Second)
		want := []string{"tell cut", "long-polling: subscribe /a, connect long-polling at once"}
		if kind != longPollingType {
			want = append([]string{"tell cut", "close " + kind}, want[1])
		}
		if kind == webSocketType {
			want[0], want[1] = want[1], want[0]
		}
		r.want(want...)
		r.answers("subscribe", "")
		if kind == longPollingType {
			r.want("long-polling: connect long-polling at once")
			continue
		}
		r.want(map[string]string{webSocketType: "open websocket c1", eventSourceType: "open eventsource c1"}[kind])
	}
}

// What may be lost with a connection that a session leaves is asked for again when it has
// moved.
func TestMachineIsCutWhereItLeaves(t *testing.T) {
	r := connected(t, longPollingType)
	r.m.table.set(registration{pattern: "/a", cursor: 7})
	r.take(preferred{webSocketType})
	r.opens(nil)
	r.fails("connect l", errCut)
	r.answers("at once", "")
	r.did = nil
	r.answers("websocket", "")
	r.want("close websocket", "long-polling: subscribe /a, connect long-polling at once")

	r = connected(t, webSocketType)
	r.m.table.set(registration{pattern: "/a", cursor: 7})
	r.take(preferred{longPollingType})
	r.answers("fence", "")
	r.answers("long-polling", "")
	r.fails("connect w", context.Canceled)
	r.did = nil
	r.fails("fence", errCut)
	r.want("close websocket", "long-polling: subscribe /a, connect long-polling at once")
}

// The interval of a stream's connects does not count for what follows a replay.
func TestMachineResumesAStreamAtOnce(t *testing.T) {
	r := connected(t, eventSourceType)
	r.m.table.set(registration{pattern: "/a", cursor: 7})
	r.answers("connect", `"advice":{"interval":30000}`)
	r.ends(r.m.link, errCut)
	r.pass(time.Second)
	r.answers("subscribe", "")
	r.want("tell cut", "long-polling: subscribe /a, connect long-polling at once", "open eventsource c1")
}

// What ends a Run: advice, and its end says why.
func TestMachineIsStopped(t *testing.T) {
	r := connected(t, longPollingType)
	r.answers("connect", `"advice":{"reconnect":"none"}`)
	r.want("finish " + ErrStopped.Error())
	r = connected(t, longPollingType)
	r.answers("connect", `"successful":false,"error":"403::no","advice":{"reconnect":"none"}`)
	r.want("finish 403::no")
}

// Only one Run goes on at a time, and a second Handshake waits for the first.
func TestMachineQueues(t *testing.T) {
	r := newRig(t, Options{})
	r.begin(false)
	first := r.work
	r.begin(false)
	r.begin(false)
	r.take(stopped{r.work, errCut})
	r.take(stopped{&operation{}, errCut}) // over long ago
	r.want("long-polling: handshake", "finish client: handshake: cut")
	r.answers("handshake", "")
	r.want("finish <nil>", "long-polling: handshake")
	if r.m.work == first {
		t.Error("the first is not over")
	}
	r.answers("handshake", "")
	r.run()
	r.did = nil
	r.begin(true)
	r.begin(false)
	r.want("finish "+ErrRunning.Error(), "finish "+ErrRunning.Error())
}

// stages lead a Run into each state.
func stages(t *testing.T) map[string]*rig {
	t.Helper()
	list := map[string]*rig{}
	add := func(name string, r *rig) {
		if got := reflect.TypeOf(r.m.state).Elem().Name(); got != name {
			t.Fatalf("%s, want %s", got, name)
		}
		r.did = nil
		list[name] = r
	}
	r := newRig(t, Options{ConnectionTypes: []string{webSocketType}})
	r.run()
	add("handshaking", r)
	r = newRig(t, Options{ConnectionTypes: []string{longPollingType, webSocketType}})
	r.run()
	r.answers("handshake", `"supportedConnectionTypes":["websocket"]`)
	add("choosing", r)
	r = newRig(t, Options{})
	r.m.table.set(registration{pattern: "/a"})
	r.run()
	r.answers("handshake", "")
	add("subscribing", r)
	r = newRig(t, Options{ConnectionTypes: []string{eventSourceType}})
	r.run()
	r.answers("handshake", "")
	add("opening", r)
	add("connecting", connected(t, webSocketType))
	r = connected(t, longPollingType)
	r.take(answered{r.pick("connect")})
	add("settling", r)
	r = connected(t, longPollingType)
	r.fails("connect", errCut)
	add("pausing", r)
	r = connected(t, longPollingType)
	r.m.table.set(registration{pattern: "/a", cursor: 7})
	r.fails("connect", errCut)
	r.pass(time.Second)
	add("resuming", r)
	moving := func(from, to string) *rig {
		r := connected(t, from)
		r.take(preferred{to})
		return r
	}
	add("attempting", moving(longPollingType, webSocketType))
	add("arriving", moving(webSocketType, longPollingType))
	r = moving(webSocketType, longPollingType)
	r.answers("fence", "")
	add("taking", r)
	r = moving(webSocketType, longPollingType)
	r.answers("fence", "")
	r.answers("long-polling", "")
	add("retiring", r)
	return list
}

// A Run whose context is done gives up what is under way in any state, and leaves nothing
// open but the link in use.
func TestMachineStopsInEachState(t *testing.T) {
	for name, r := range stages(t) {
		r.take(stopped{r.work, errCut})
		if end := r.did[len(r.did)-1]; end != "finish cut" || r.m.state != (resting{}) {
			t.Errorf("%s: %s, then %T", name, end, r.m.state)
		}
		r.drain(t, name)
		if at := r.m.link; at != nil && at.phase == isClosed && name != "retiring" {
			t.Errorf("%s: the link in use is closed", name)
		}
		r.did = nil
		r.run()
		if len(r.did) == 0 {
			t.Errorf("%s: a second Run does nothing", name)
		}
	}
}

// Disconnect ends a Run in any state, and for good.
func TestMachineClosesInEachState(t *testing.T) {
	for name, r := range stages(t) {
		had := r.m.session
		goodbye := newInquiry(t.Context(), func(*session) []request { return []request{{Channel: "/meta/disconnect"}} })
		r.take(disconnected{goodbye})
		for i := len(r.calls) - 1; i >= 0; i-- {
			if had != nil && summary(r.calls[i]) == "disconnect" {
				r.answers("disconnect", "")
				break
			}
		}
		finished := 0
		for _, did := range r.did {
			if did == "finish <nil>" {
				finished++
			}
		}
		if finished != 1 || r.m.session != nil {
			t.Errorf("%s: did %q", name, r.did)
		}
		r.drain(t, name)
		if at := r.m.link; at != nil && at.phase != isClosed {
			t.Errorf("%s: the link in use is open", name)
		}
		r.did = nil
		r.begin(true)
		r.begin(false)
		r.take(disconnected{newInquiry(t.Context(), nil)})
		r.want("finish "+ErrClosed.Error(), "finish "+ErrClosed.Error(), "answer <nil>")
	}
}

// The connect under way is given up when the goodbye is answered, not before: its reply may
// have the last messages. Who asks for something meanwhile has no session.
func TestMachineHearsTheLastMessages(t *testing.T) {
	r := connected(t, webSocketType)
	goodbye := newInquiry(t.Context(), func(*session) []request { return []request{{Channel: "/meta/disconnect"}} })
	r.take(disconnected{goodbye})
	r.take(stopped{r.work, errCut})
	r.take(asked{newInquiry(t.Context(), nil)})
	r.want("websocket: disconnect", "answer client: no session")
	r.answers("disconnect", "")
	r.want("answer <nil>", "cancel connect websocket", "close websocket", "finish <nil>")
}

// Events that come too late change nothing, whatever the state.
func TestMachineIgnoresWhatIsLate(t *testing.T) {
	for name, r := range stages(t) {
		before := r.m.state
		stranger := r.m.connect(webSocketType)
		stranger.phase = isClosed
		for _, e := range []any{
			opened{stranger, nil}, opened{stranger, errCut}, ended{stranger, errCut}, settled{&settling{}}, stilled{stranger}, alarm{},
			answered{&call{link: stranger}}, replied{[]Reply{{Channel: "/meta/connect", ID: "99999"}}},
		} {
			r.take(e)
			if r.m.state != before {
				t.Fatalf("%s: %T leads to %T", name, e, r.m.state)
			}
		}
		for _, did := range r.did {
			if did != "close websocket" { // the stranger
				t.Errorf("%s: %s", name, did)
			}
		}
	}
}

// drain brings all that is under way to its end, and checks that nothing is left.
func (r *rig) drain(t *testing.T, name string) {
	t.Helper()
	for len(r.calls)+len(r.links)+len(r.rest) > 0 {
		for len(r.calls) > 0 {
			r.fails("", errCut)
		}
		for len(r.links) > 0 {
			r.opens(nil)
		}
		r.settle()
	}
	if len(r.m.pending) > 0 {
		t.Errorf("%s: %d replies are awaited", name, len(r.m.pending))
	}
	for _, l := range r.open {
		if l != r.m.link && l.phase != isClosed {
			t.Errorf("%s: a %s is left open", name, l.kind)
		}
	}
}
