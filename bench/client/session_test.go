package client

import (
	"testing"
	"time"

	"halley/bench/wire"
)

const ms = time.Millisecond

// back is the pause after the first failure.
const back = 50 * ms

func subscriberOf(style wire.Style) kind { return kind{role: subscriber, style: style} }

// good is a successful outcome with an advised interval; -1 advises none.
func good(interval int64) *outcome {
	return &outcome{answered: true, successful: true, clientID: "c1", advice: wire.Advice{Interval: interval}}
}

func bad(advice wire.Reconnect) *outcome {
	return &outcome{answered: true, problem: "no", advice: wire.Advice{Reconnect: advice, Interval: -1}}
}

// What a session does after a good answer to each request, by who it is and how it speaks.
func TestAnswersTakeASessionOn(t *testing.T) {
	lp, sse, xhr, ws := subscriberOf(wire.LongPolling), subscriberOf(wire.EventSource), subscriberOf(wire.XHRStreaming), subscriberOf(wire.WebSocket)
	pub, churns := kind{role: publisher}, kind{role: churner}
	churnsByEvents := kind{role: churner, style: wire.EventSource}
	slow := subscriberOf(wire.LongPolling)
	slow.habits.Pause = time.Second
	for _, c := range []struct {
		name   string
		kind   kind
		before phase
		what   request
		o      *outcome
		after  phase
		want   step
	}{
		{"a subscriber subscribes", lp, handshaking, handshake, good(-1), subscribing, asking(subscribe)},
		{"a publisher does not", pub, handshaking, handshake, good(-1), connecting, asking(firstConnect)},
		{"a first connect", lp, subscribing, subscribe, good(-1), connecting, asking(firstConnect)},
		{"over a websocket as well", ws, subscribing, subscribe, good(-1), connecting, asking(firstConnect)},
		{"a stream", xhr, subscribing, subscribe, good(-1), connecting, asking(stream)},
		{"a stream with a heartbeat beside it", sse, subscribing, subscribe, good(-1), connecting, asking(heartbeat, stream)},
		{"who churns sends none", churnsByEvents, subscribing, subscribe, good(-1), connecting, asking(stream)},
		{"held for the first time", lp, connecting, firstConnect, good(-1), holding, step{asks: [2]request{connect}, held: 1, cycles: 1}},
		{"held again", lp, holding, connect, good(0), holding, step{asks: [2]request{connect}, cycles: 1}},
		{"a publisher is not counted", pub, connecting, firstConnect, good(-1), holding, step{asks: [2]request{connect}, cycles: 1}},
		{"the advised interval", lp, holding, connect, good(70), connecting, step{pause: 70 * ms, held: -1, cycles: 1}},
		{"the pause of a slow one", slow, holding, connect, good(70), connecting, step{pause: time.Second, held: -1, cycles: 1}},
		{"who churns goes", churns, connecting, firstConnect, good(70), leaving, step{asks: [2]request{disconnect}, cycles: 1}},
		{"gone", churns, leaving, disconnect, good(-1), leaving, step{over: true}},
		{"gone in the server's eyes too", churns, leaving, disconnect, bad(wire.Unset), leaving, step{over: true}},
		{"a heartbeat of at least a second", sse, holding, heartbeat, good(70), holding, step{beat: time.Second, cycles: 1}},
		{"a heartbeat by advice", sse, holding, heartbeat, good(7000), holding, step{beat: 7 * time.Second, cycles: 1}},
		{"no stream, later", xhr, connecting, stream, good(70), connecting, step{pause: 70 * ms, cycles: 1}},
		{"no stream", xhr, connecting, stream, good(0), connecting,
			step{pause: back, cycles: 1, fault: "a connect of type xhr-streaming was answered without a stream"}},
		{"published", pub, holding, publish, good(-1), holding, step{}},
	} {
		s := newSession(&c.kind, 0)
		s.phase = c.before
		if got := s.answered(c.what, c.o); got != c.want || s.phase != c.after {
			t.Errorf("%s: %+v and phase %d, want %+v and %d", c.name, got, s.phase, c.want, c.after)
		}
	}
}

// After a failed message a session obeys the advice; a churning client's cycle has failed.
func TestAdviceIsObeyed(t *testing.T) {
	lp, pub, churns, sse := subscriberOf(wire.LongPolling), kind{role: publisher}, kind{role: churner}, subscriberOf(wire.EventSource)
	for _, c := range []struct {
		name  string
		kind  kind
		what  request
		o     *outcome
		after phase
		want  step
	}{
		{"try again", lp, connect, bad(wire.Retry), connecting, step{pause: back, held: -1}},
		{"try again without advice", lp, connect, bad(wire.Unset), connecting, step{pause: back, held: -1}},
		{"handshake", lp, connect, bad(wire.Handshake), handshaking, step{pause: back, held: -1, closes: true, renewals: 1}},
		{"give up", lp, connect, bad(wire.None), dead, step{held: -1, closes: true}},
		{"churning", churns, connect, bad(wire.None), leaving, step{pause: back}},
		{"a publish", pub, publish, bad(wire.None), holding, step{}},
		{"a publish of nobody", pub, publish, bad(wire.Handshake), handshaking, step{pause: back, closes: true, renewals: 1}},
		{"a heartbeat", sse, heartbeat, bad(wire.Retry), holding, step{beat: time.Second}},
		{"a heartbeat of nobody", sse, heartbeat, bad(wire.Handshake), handshaking, step{pause: back, held: -1, closes: true, renewals: 1}},
	} {
		s := newSession(&c.kind, 0)
		s.phase, s.clientID, s.beatAt = holding, "c1", 5
		c.want.fault = "no"
		if got := s.answered(c.what, c.o); got != c.want || s.phase != c.after {
			t.Errorf("%s: %+v and phase %d, want %+v and %d", c.name, got, s.phase, c.want, c.after)
		}
		if c.want.renewals > 0 && (s.clientID != "" || s.beatAt != 0) {
			t.Errorf("%s: the session keeps %q and a heartbeat at %d", c.name, s.clientID, s.beatAt)
		}
	}
}

// A request that came to nothing is tried again, by what the phase calls for.
func TestFailuresAreTakenUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   kind
		before phase
		what   request
		want   step
		woken  step
	}{
		{"handshake", subscriberOf(wire.LongPolling), handshaking, handshake, step{pause: back}, asking(handshake)},
		{"subscribe", subscriberOf(wire.LongPolling), subscribing, subscribe, step{pause: back}, asking(subscribe)},
		{"held connect", subscriberOf(wire.LongPolling), holding, connect, step{pause: back, held: -1}, asking(firstConnect)},
		{"stream", subscriberOf(wire.Iframe), holding, stream, step{pause: back, held: -1}, asking(stream)},
		{"heartbeat", subscriberOf(wire.EventSource), holding, heartbeat, step{beat: time.Second}, asking(stream)},
		{"publish", kind{role: publisher}, dead, publish, step{}, step{}},
		{"cycle", kind{role: churner}, subscribing, subscribe, step{pause: back}, step{over: true}},
		{"stream of one that is leaving", kind{role: churner}, leaving, stream, step{}, step{over: true}},
	} {
		s := newSession(&c.kind, 0)
		s.phase = c.before
		if got := s.failed(c.what); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := s.woken(); got != c.woken {
			t.Errorf("%s, woken: %+v, want %+v", c.name, got, c.woken)
		}
	}
	k := subscriberOf(wire.LongPolling)
	s := newSession(&k, 0)
	s.phase = connecting // by the advised interval and not by a failure
	if got := s.woken(); got != (step{asks: [2]request{connect}, held: 1}) {
		t.Errorf("after an interval: %+v", got)
	}
}

// The pause before an attempt doubles up to a limit and starts anew after success.
func TestBackOffGrows(t *testing.T) {
	k := subscriberOf(wire.LongPolling)
	s := newSession(&k, 0)
	for _, want := range []time.Duration{50, 100, 200, 400, 800, 1600, 3200, 3200} {
		if got := s.failed(connect).pause; got != want*ms {
			t.Errorf("%v, want %v", got, want*ms)
		}
	}
	s.answered(connect, good(-1))
	if got := s.failed(connect).pause; got != back {
		t.Errorf("after a success %v", got)
	}
}

// Streams come alive by a reply or by being there, and the next one is asked for when the
// server says.
func TestStreamsOfASession(t *testing.T) {
	sub := subscriberOf(wire.XHRStreaming)
	events, sse := subscriberOf(wire.Events), subscriberOf(wire.EventSource)
	churns, churnsByEvents := kind{role: churner, style: wire.XHRStreaming}, kind{role: churner, style: wire.Events}
	for _, c := range []struct {
		name   string
		kind   kind
		before phase
		do     func(s *session) step
		after  phase
		want   step
	}{
		{"alive by its reply", sub, connecting, func(s *session) step { return s.streamed(good(9)) }, holding, step{held: 1, cycles: 1}},
		{"a further reply", sub, holding, func(s *session) step { return s.streamed(good(9)) }, holding, step{}},
		{"refused by a reply", sub, holding, func(s *session) step { return s.streamed(bad(wire.Retry)) }, connecting, step{fault: "no", held: -1, pause: back}},
		{"who churns goes", churns, connecting, func(s *session) step { return s.streamed(good(9)) }, leaving, step{asks: [2]request{disconnect}, cycles: 1}},
		{"alive by being there", events, connecting, (*session).live, holding, step{held: 1}},
		{"who churns has no session to end", churnsByEvents, connecting, (*session).live, leaving, step{over: true}},
		{"ended, at once", sub, holding, func(s *session) step { return s.ended(-1) }, connecting, step{asks: [2]request{stream}, held: -1, rolls: 1}},
		{"ended, by its retry field", events, holding, func(s *session) step { return s.ended(20) }, connecting, step{pause: 20 * ms, held: -1, rolls: 1}},
		{"ended, while leaving", churns, leaving, func(s *session) step { return s.ended(20) }, leaving, step{}},
	} {
		s := newSession(&c.kind, 0)
		s.phase = c.before
		if got := c.do(&s); got != c.want || s.phase != c.after {
			t.Errorf("%s: %+v and phase %d, want %+v and %d", c.name, got, s.phase, c.want, c.after)
		}
	}
	for k, want := range map[*kind]time.Duration{&sub: 30 * ms, &sse: 0} { // its interval is the heartbeat's
		s := newSession(k, 0)
		s.phase, s.interval = holding, 30
		if got := s.ended(-1).pause; got != want {
			t.Errorf("%v: the next stream after %v, want %v", k.style, got, want)
		}
	}
}

func TestBeginnings(t *testing.T) {
	for style, want := range map[wire.Style]request{wire.LongPolling: handshake, wire.WebSocket: handshake, wire.EventSource: handshake, wire.Events: stream, wire.Sockets: stream, wire.Polls: connect} {
		k := subscriberOf(style)
		s := newSession(&k, 0)
		if got := s.begin(5); got != asking(want) || s.began != 5 {
			t.Errorf("%v begins with %+v", style, got)
		}
	}
}

// The numbers of connect replies have to rise, if they were asked for.
func TestReplyNumbersRise(t *testing.T) {
	k := subscriberOf(wire.LongPolling)
	k.habits.Wishes.Acknowledge = true
	s := newSession(&k, 0)
	for _, c := range []struct {
		ack         int64
		misnumbered int8
	}{{1, 0}, {3, 0}, {3, 1}, {0, 1}, {4, 0}} {
		o := good(-1)
		o.ext.Ack = c.ack
		if got := s.answered(connect, o); got.misnumbered != c.misnumbered {
			t.Errorf("number %d: %d are misnumbered", c.ack, got.misnumbered)
		}
	}
	if s.ack != 4 {
		t.Errorf("the last number is %d", s.ack)
	}
}

// An interval that nobody would wait for is cut, and one that is not given changes nothing.
func TestIntervalsAreCut(t *testing.T) {
	var s session
	for _, c := range []struct{ advised, want int64 }{{20, 20}, {-1, 20}, {1 << 40, 3600_000}, {0, 0}} {
		if s.heed(wire.Advice{Interval: c.advised}); int64(s.interval) != c.want {
			t.Errorf("%d advised, %d kept", c.advised, s.interval)
		}
	}
}
