// Proved by TestMachineMoves, TestMachineMovesInVain and TestMachineMovesOffAPollInTime.

package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxTransit is how long a request may be on its way to the server.
const maxTransit = time.Second

// move is a session's way from one link to another. held is the connect under way on the
// old one, nil without one.
type move struct {
	from, to *link
	held     *call
}

// note takes the end of a call on the old link. One that fails by itself may have lost what
// came with its reply.
func (v *move) note(m *machine, e any) {
	a, ok := e.(answered)
	if !ok || a.call.link != v.from {
		return
	}
	if a.call == v.held {
		v.held = nil
	}
	if a.call.err != nil && !errors.Is(a.call.err, context.Canceled) {
		m.tear()
	}
}

// beginMoving tries the connection type that is wished for. From a duplex connection a
// session gets to an event-stream by way of polls, since what polls brings events even
// while something holds the stream back.
func beginMoving(m *machine, held *call) state {
	v := move{from: m.link, held: held}
	if v.from.manner == duplex && m.announces(m.wish) {
		m.origin = v.from.kind
		v.to = m.connect(longPollingType)
		return beginArriving(m, v)
	}
	v.to = m.connect(m.wish)
	m.wish = ""
	if v.to.live() {
		return beginArriving(m, v)
	}
	m.open(v.to, m.session.id)
	return &attempting{v}
}

// attempting is the state of a client that opens a connection to move to. The session
// stays where it is until that is open.
type attempting struct{ move }

func (s *attempting) handle(m *machine, e any) state {
	if a, ok := e.(answered); ok && a.call == s.held {
		if s.held.refused() != nil {
			m.wish = s.to.kind // after that
			m.discard(s.to)
			return settleConnect(m, s.held)
		}
		noteConnect(m, s.held)
		s.held = nil
	}
	o, ok := e.(opened)
	switch {
	case !ok || o.link != s.to:
		return s
	case o.err == nil:
		return beginArriving(m, s.move)
	}
	m.tell(fmt.Errorf("client: use %s: %w", s.to.kind, o.err))
	if s.held != nil {
		return &connecting{held: s.held}
	}
	m.wish, m.origin = m.origin, ""
	return m.next(nil)
}

func (s *attempting) leave(m *machine) {
	m.cancel(s.held)
	m.discard(s.to)
}

func (s *attempting) deadline() time.Time { return time.Time{} }

// arriving is the state of a client that makes sure that the connect under way has reached
// the server: one that comes after the move would take the session back. On a duplex
// connection it has when a later message is answered. A poll is displaced by another one,
// which is not held, and both are answered; a server that answers only one of them is given
// time.
type arriving struct {
	move
	probe *call
	until time.Time
}

func beginArriving(m *machine, v move) state {
	s := &arriving{move: v}
	switch {
	case v.held == nil:
		return beginTaking(m, v)
	case v.from.manner == duplex:
		s.probe = fence(m, v.from)
	case v.from.manner == streams:
		s.until = v.held.sent.Add(maxTransit)
	case v.to.manner == duplex && !m.now.Before(v.held.sent.Add(maxTransit)):
		return beginTaking(m, v)
	default:
		s.probe = m.send(v.from, m.session.connect(v.from.kind, true))
		s.until = m.now.Add(maxTransit)
	}
	return s
}

// fence sends a message without effect: when it is answered what was sent before, in
// both directions, has arrived. Any reply will do, and none if the connection is cut.
func fence(m *machine, l *link) *call {
	return m.send(l, request{Channel: "/meta/unsubscribe", ClientID: m.session.id, Subscription: "/service/fence"})
}

func (s *arriving) handle(m *machine, e any) state {
	s.note(m, e)
	if a, ok := e.(answered); ok && a.call == s.probe {
		s.probe = nil
	}
	_, late := e.(alarm)
	switch {
	case s.probe == nil && (s.held == nil || s.from.manner == duplex),
		late && !s.until.IsZero() && !m.now.Before(s.until):
		return beginTaking(m, s.move)
	}
	return s
}

func (s *arriving) leave(m *machine) {
	m.cancel(s.held)
	m.cancel(s.probe)
	m.discard(s.to)
}

func (s *arriving) deadline() time.Time { return s.until }

// taking is the state of a client whose session takes its new connection, by a connect.
type taking struct {
	plain
	move
	connect *call
}

func beginTaking(m *machine, v move) state {
	return &taking{move: v, connect: m.sendConnect(v.to)}
}

func (s *taking) handle(m *machine, e any) state {
	s.note(m, e)
	if a, ok := e.(answered); ok && a.call == s.connect {
		m.use(s.to)
		return beginRetiring(m, s)
	}
	return s
}

func (s *taking) leave(m *machine) {
	m.cancel(s.held)
	m.cancel(s.connect)
	m.discard(s.to)
}

// retiring is the state of a client that reads what still comes by a link whose session has
// moved, and closes it. A connect is answered, with a refusal at least; on a duplex
// connection a fence comes after all that was sent before. The server ends a stream, but not
// for one that polls, which may do so because it hears nothing of it: nothing more goes on
// that since the poll, and when the last is through the stream is still.
type retiring struct {
	move
	connect *call // by the new link, answered
	watched bool  // stilled will tell
	until   time.Time
}

func beginRetiring(m *machine, after *taking) state {
	s := &retiring{move: after.move, connect: after.connect, until: m.now.Add(m.options.NetworkDelay)}
	if s.from.manner == duplex {
		m.cancel(s.held) // a displaced connect has no reply there
		fence(m, s.from)
	}
	return s.look(m)
}

// look closes the link if all that came by it is here.
func (s *retiring) look(m *machine) state {
	switch {
	case s.from.calls > 0:
		return s
	case s.from.manner == streams && s.from.live():
		if s.to.manner != duplex && !s.watched {
			s.watched = true
			m.act(watch{s.from, maxTransit})
		}
		return s
	}
	return s.close(m)
}

func (s *retiring) close(m *machine) state {
	m.cancel(s.held)
	m.close(s.from)
	return settleConnect(m, s.connect)
}

func (s *retiring) handle(m *machine, e any) state {
	s.note(m, e)
	switch e := e.(type) {
	case stilled:
		if e.link == s.from {
			return s.close(m)
		}
	case alarm:
		if !m.now.Before(s.until) {
			return s.close(m)
		}
	}
	return s.look(m)
}

func (s *retiring) leave(m *machine) {
	m.cancel(s.held)
	m.close(s.from)
}

func (s *retiring) deadline() time.Time { return s.until }
