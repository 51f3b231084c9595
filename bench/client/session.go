package client

import (
	"fmt"
	"time"

	"halley/bench/wire"
)

// session is one Bayeux client: which step of the protocol it has come to, and how it
// speaks. Its methods take what has happened and return what to do next; they touch no
// socket, clock or counter.
type session struct {
	kind     *kind
	clientID string
	cookie   string
	lastID   string // of the last event of a stream without a session; of polls without one: the conditions of the next
	poll     int    // descriptor that carries held requests, -1 when there is none
	other    int    // descriptor that carries the rest, if the client uses two
	began    int64  // when its first request, or that of its cycle, was due; 0 once a subscriber is held
	beatAt   int64  // when the next heartbeat beside an event-stream is due, 0 when none is
	ack      int64  // number of the last connect reply, with the acknowledge extension
	id       uint32 // of the last message sent
	serial   uint32 // grows with every timer, so that older ones are void
	interval int32  // milliseconds to wait before a connect, by the server's advice
	index    int32  // among the sessions of the process
	phase    phase
	failures uint8
}

type phase uint8

// The life of a session. A subscriber stays in holding; a churning client goes on to leaving.
const (
	absent phase = iota
	handshaking
	subscribing
	connecting // the first connect, which is answered at once
	holding
	leaving
	dead
)

// step is what a session wants done next, and what there is to count.
type step struct {
	asks   [2]request    // what to ask for at once, in this order
	pause  time.Duration // after which the session is to be woken; 0 is not at all
	beat   time.Duration // until the next heartbeat; 0 is no other than before
	fault  string        // what the server did against the protocol
	closes bool          // all connections of the session, before anything else
	over   bool          // a churning client's cycle is

	held        int8 // subscribers: 1 is held now, -1 is not any more
	cycles      int8 // connect replies
	renewals    int8 // sessions that the server had forgotten
	rolls       int8 // streams that the server ended in good order
	misnumbered int8 // connect replies whose number does not rise
}

func asking(what ...request) (st step) {
	copy(st.asks[:], what)
	return st
}

func newSession(k *kind, index int32) session {
	return session{kind: k, index: index, poll: -1, other: -1}
}

// line is where the session keeps the descriptor for a kind of request.
func (s *session) line(what request) *int {
	if s.kind.beside(what) {
		return &s.other
	}
	return &s.poll
}

func (s *session) wait() time.Duration { return time.Duration(s.interval) * time.Millisecond }

// heed takes the advised interval, of at most an hour.
func (s *session) heed(a wire.Advice) {
	if a.Interval >= 0 {
		s.interval = int32(min(a.Interval, int64(time.Hour/time.Millisecond)))
	}
}

// begin starts the session's life with a handshake, if it is going to be one.
func (s *session) begin(now int64) step {
	s.phase, s.began = handshaking, now
	if s.kind.style.Plain() {
		s.phase = connecting
		return s.woken()
	}
	return asking(handshake)
}

// answered moves the session on after an answer that arrived in good order.
func (s *session) answered(what request, o *outcome) step {
	s.heed(o.advice)
	if what == handshake {
		o.confirm(s.kind.habits.Wishes)
	}
	if !o.successful && what != disconnect {
		return s.refused(what, o)
	}
	s.failures = 0
	switch what {
	case handshake:
		s.clientID, s.ack = o.clientID, 0
		return s.introduced()
	case subscribe:
		return s.subscribed()
	case firstConnect, connect:
		return s.connected(o.ext.Ack)
	case heartbeat:
		return step{cycles: 1, beat: max(s.wait(), time.Second)}
	case stream:
		return s.unstreamed()
	case disconnect:
		return step{over: true}
	}
	return step{}
}

func (s *session) introduced() step {
	if s.kind.role == publisher {
		s.phase = connecting
		return asking(firstConnect)
	}
	s.phase = subscribing
	return asking(subscribe)
}

// subscribed connects, or opens the stream and says beside it that the client lives.
func (s *session) subscribed() step {
	s.phase = connecting
	switch {
	case !s.kind.style.Streams():
		return asking(firstConnect)
	case s.kind.style == wire.EventSource && s.kind.role == subscriber:
		return asking(heartbeat, stream)
	}
	return asking(stream)
}

// connected sends the next connect, now or after the advised interval or a slow
// subscriber's pause.
func (s *session) connected(ack int64) (st step) {
	rises := s.acknowledge(ack)
	switch pause := max(s.wait(), s.kind.habits.Pause); {
	case s.kind.role == churner:
		s.phase = leaving
		st = asking(disconnect)
	case pause > 0:
		st = s.unhold()
		s.phase, st.pause = connecting, pause
	default:
		st = s.holdOn()
	}
	if st.cycles = 1; !rises {
		st.misnumbered = 1
	}
	return st
}

// acknowledge takes the number of a connect reply, which must be above the one before.
func (s *session) acknowledge(ack int64) bool {
	if !s.kind.habits.Wishes.Acknowledge {
		return true
	}
	if ack <= s.ack {
		return false
	}
	s.ack = ack
	return true
}

// holdOn sends a connect that the server will hold.
func (s *session) holdOn() step {
	st := s.hold()
	st.asks[0] = connect
	return st
}

// hold notes that the session is ready: a subscriber to receive, a publisher to publish.
func (s *session) hold() (st step) {
	if s.phase != holding && s.kind.role == subscriber {
		st.held = 1
	}
	s.phase = holding
	return st
}

func (s *session) unhold() (st step) {
	if s.phase != holding {
		return st
	}
	s.phase = connecting
	if s.kind.role == subscriber {
		st.held = -1
	}
	return st
}

// refused obeys the server's advice after a failed message: handshake anew, give up, or try again.
func (s *session) refused(what request, o *outcome) (st step) {
	switch renew := o.advice.Reconnect == wire.Handshake; {
	case s.kind.role == churner: // its cycle has failed, whatever the server advises
		s.phase = leaving
		return step{fault: o.problem, pause: s.backOff()}
	case what == publish && !renew:
		return step{fault: o.problem}
	case what == heartbeat && !renew:
		return step{fault: o.problem, beat: time.Second}
	}
	st = s.unhold()
	st.fault = o.problem
	switch o.advice.Reconnect {
	case wire.Handshake:
		st.closes, st.renewals = true, 1
		s.phase, s.clientID, s.beatAt = handshaking, "", 0
	case wire.None:
		st.closes = true
		s.phase, s.beatAt = dead, 0
		return st
	}
	st.pause = s.backOff()
	return st
}

// failed takes up the session after a request of it came to nothing.
func (s *session) failed(what request) (st step) {
	switch {
	case what == publish:
		return st
	case what == heartbeat:
		return step{beat: time.Second}
	case what == stream && s.phase == leaving:
		return st // its reply to the disconnect comes over the other connection
	case s.kind.role == churner:
		s.phase = leaving
	default:
		st = s.unhold()
	}
	st.pause = s.backOff()
	return st
}

// backOff is the pause before the next attempt, which grows with each.
func (s *session) backOff() time.Duration {
	s.failures = min(s.failures+1, 7)
	return 25 * time.Millisecond << s.failures
}

// woken takes the step that the session's phase calls for.
func (s *session) woken() step {
	switch s.phase {
	case handshaking:
		return asking(handshake)
	case subscribing:
		return asking(subscribe)
	case connecting, holding:
		switch {
		case s.kind.style.Streams():
			return asking(stream)
		case s.kind.style == wire.Polls:
			return asking(connect)
		case s.failures > 0:
			return asking(firstConnect)
		}
		return s.holdOn()
	case leaving:
		return step{over: true}
	}
	return step{}
}

// live notes that messages will come by the stream from now on. The streams of a connect
// say so by its reply, an event-stream by being there.
func (s *session) live() step {
	s.failures = 0
	if s.kind.role == subscriber {
		return s.hold()
	}
	s.phase = leaving
	if s.kind.style.Plain() {
		return step{over: true}
	}
	return asking(disconnect)
}

// streamed obeys what the server says by a stream about the connect that it answers.
func (s *session) streamed(o *outcome) (st step) {
	if !o.successful {
		return s.refused(stream, o)
	}
	if s.kind.style != wire.EventSource { // whose interval is that of the heartbeat
		s.heed(o.advice)
	}
	if s.phase == connecting {
		st = s.live()
		st.cycles = 1
	}
	return st
}

// ended opens the next stream when the server has ended one in good order, as soon as it
// has asked for: after retry milliseconds of an event-stream or the advised interval, if
// retry is negative.
func (s *session) ended(retry int64) step {
	if s.phase == leaving {
		return step{}
	}
	if retry < 0 && s.kind.style != wire.EventSource {
		retry = int64(s.interval)
	}
	st := s.reopen(time.Duration(max(retry, 0)) * time.Millisecond)
	st.rolls = 1
	return st
}

func (s *session) reopen(pause time.Duration) step {
	st := s.unhold()
	if s.phase, st.pause = connecting, pause; pause == 0 {
		st.asks[0] = stream
	}
	return st
}

// unstreamed deals with an ordinary response to a connect that asked for a stream: a
// server that is about to go answers so, with an interval.
func (s *session) unstreamed() (st step) {
	if s.interval > 0 {
		st = s.reopen(s.wait())
	} else {
		st = s.unhold()
		st.fault = fmt.Sprintf("a connect of type %v was answered without a stream", s.kind.style)
		st.pause = s.backOff()
	}
	st.cycles = 1
	return st
}

// keepCookie keeps what a response sets; nil sets nothing.
func (s *session) keepCookie(cookie []byte) {
	if cookie != nil && string(cookie) != s.cookie {
		s.cookie = string(cookie)
	}
}
