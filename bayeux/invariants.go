package bayeux

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Invariants returns what is wrong with a server between two calls, nil if nothing: what
// holds of each session, and that the tables beside the sessions agree with them. It looks
// at everything, so it is for tests.
func Invariants(s *Server) error {
	a := audit{s: s}
	a.sessions()
	a.listed("dirty", &s.dirty, inDirty)
	a.listed("doomed", &s.doomed, inDoomed)
	a.tables()
	return errors.Join(a.found...)
}

// SessionInvariants does so for one session, which may be gone, at a price that does not
// depend on the others.
func SessionInvariants(s *Server, at Address) error {
	a := audit{s: s}
	if r := s.sessions.find(at); r != nil {
		a.session(at.Slot, r)
	}
	return errors.Join(a.found...)
}

// audit collects what is wrong with a server.
type audit struct {
	s     *Server
	found []error
}

// expect notes that a session is not as it has to be.
func (a *audit) expect(holds bool, slot uint32, r *session, want string) {
	if !holds {
		a.found = append(a.found, fmt.Errorf("session %d: not so: %s (outlet %s: %+v; delivery %+v; %d queued, %d in flight)",
			slot, want, r.outlet.state, r.outlet, r.delivery, r.queue.Len(), r.queue.InFlight()))
	}
}

// agree notes that two ways of counting the same thing differ.
func (a *audit) agree(what string, got, want int) {
	if got != want {
		a.found = append(a.found, fmt.Errorf("%s: %d, but sessions have %d", what, got, want))
	}
}

// session checks what holds of one session.
func (a *audit) session(slot uint32, r *session) {
	a.outlet(slot, r)
	a.delivery(slot, r)
	a.heldConnect(slot, r)
	a.sideTables(slot, r)
	s := a.s
	a.expect(s.wheel.Armed(slot) == (r.outlet.timer() != noTimer), slot, r, "the timer runs in the states that have one")
	lazy := s.lazies.wheel.Armed(slot) // whose end flushes what has replaced a lazy event too
	a.expect(r.tables.has(inDirty) || lazy || !r.outlet.takes() || !r.flushable(), slot, r, "events that may go out are about to be flushed")
}

// outlet checks that a session has the requests that its state is about, and no others.
func (a *audit) outlet(slot uint32, r *session) {
	o := &r.outlet
	a.expect(o.holds() || o.held == ReplyTo{} && o.heldType == 0, slot, r, "no connect is held in a state without one")
	a.expect(o.streams() || o.stream == ReplyTo{} && o.streamType == 0, slot, r, "no stream is kept in a state without one")
	a.expect(!o.holds() || o.heldType != EventSource, slot, r, "heartbeats are not held")
	switch o.state {
	case socket, socketHeld:
		a.expect(o.streamType == WebSocket, slot, r, "the stream is a websocket")
		a.expect(o.state == socket || o.held == o.stream && o.heldType == WebSocket, slot, r, "the held connect came by the websocket")
	case stream:
		a.expect(o.streamType.streams(), slot, r, "the stream is a response")
	case eventSource, eventSourceHeld, anonymous:
		a.expect(o.streamType == EventSource, slot, r, "the stream is an event-stream")
		a.expect(!o.holds() || o.held.connection() != o.stream.connection(), slot, r, "the poll has a connection of its own")
	case handshaken:
		a.expect(r.connects == 0, slot, r, "a session with a connect is not only handshaken")
	}
	a.expect(o.hearing == heard || !o.nameless() && o.state != handshaken, slot, r, "nothing is known of the hearing of who sent no connect")
	a.expect(!r.queue.Acknowledges() || o.state != socket && o.state != socketHeld && o.state != stream, slot, r, "who acknowledges has no stream by a connect")
}

// delivery checks that what is in flight has a fate that will be told.
func (a *audit) delivery(slot uint32, r *session) {
	q, d := &r.queue, &r.delivery
	if err := a.s.queues.Invariants(q); err != nil {
		a.found = append(a.found, fmt.Errorf("session %d: %w", slot, err))
	}
	a.expect(!q.Blocked() || d.leaves() && d.upto == q.Upto(), slot, r, "the fate of what is in flight will be told")
	a.expect(d.group.halvings <= narrowest, slot, r, "groups are not too small")
}

// heldConnect checks that the id and the advice of a held connect end with it.
func (a *audit) heldConnect(slot uint32, r *session) {
	a.expect(r.outlet.holds() || r.heldID.n == 0 && r.advise != heldReply, slot, r, "nothing is kept of a connect that is not held")
	_, long := a.s.longIDs[slot]
	a.expect(long == (r.heldID.n == isLong), slot, r, "a long id of a held connect is kept, and no other")
}

// sideTables checks that a session knows which tables have something for it.
func (a *audit) sideTables(slot uint32, r *session) {
	s := a.s
	p := s.replays.of[slot]
	a.expect(r.tables.has(inReplays) == (p != nil), slot, r, "its replay is known")
	a.expect(r.tables.has(inRepeats) || s.repeats[slot] == nil, slot, r, "publishes are kept of clients that repeat them, and of no others")
	reads := func() bool {
		return p.ticket != 0 || slices.Contains(s.reading.list[s.reading.first:], s.sessions.address(slot))
	}
	a.expect(p == nil || !r.outlet.takes() || !s.queues.Drained(&r.queue) || reads(), slot, r, "a replay goes on when the queue has drained")
}

// sessions checks all sessions, and the figures that are about all.
func (a *audit) sessions() {
	s, held, armed, lazy := a.s, 0, 0, 0
	s.sessions.Each(func(slot uint32, r *session) bool {
		a.session(slot, r)
		if r.outlet.holds() {
			held++
		}
		if s.wheel.Armed(slot) {
			armed++
		}
		if s.lazies.wheel.Armed(slot) {
			lazy++
		}
		return true
	})
	a.agree("held connects", int(s.stats.Held), held)
	a.agree("timers", s.wheel.Len(), armed)
	a.agree("timers of lazy events", s.lazies.wheel.Len(), lazy)
}

// listed checks that the sessions that a flush visits stand in a list once each, and know it.
func (a *audit) listed(what string, list *addresses, in tables) {
	s, listed := a.s, make(map[Address]bool)
	for _, at := range list.list[list.first:] {
		r := s.sessions.find(at)
		if r == nil {
			continue
		}
		a.expect(r.tables.has(in), at.Slot, r, "who stands in the list of "+what+" sessions knows it")
		a.expect(!listed[at], at.Slot, r, "who is "+what+" stands in the list once")
		listed[at] = true
	}
	marked := 0
	s.sessions.Each(func(_ uint32, r *session) bool {
		if r.tables.has(in) {
			marked++
		}
		return true
	})
	a.agree(what+" sessions", len(listed), marked)
}

// tables checks that the tables beside the sessions have nothing of sessions that are gone.
func (a *audit) tables() {
	s, live := a.s, make(map[uint32]bool)
	s.sessions.Each(func(slot uint32, _ *session) bool {
		live[slot] = true
		return true
	})
	ofLive(a, "long ids", s.longIDs, live)
	ofLive(a, "replays", s.replays.of, live)
	ofLive(a, "time syncs", s.composer.syncs, live)
	if err := s.fanout.Invariants(func(slot uint32) bool { return live[slot] }); err != nil {
		a.found = append(a.found, err)
	}
	a.backlogs()
}

func ofLive[T any](a *audit, table string, entries map[uint32]T, live map[uint32]bool) {
	for slot := range entries {
		if !live[slot] {
			a.found = append(a.found, fmt.Errorf("%s of session %d, which is gone", table, slot))
		}
	}
}

// backlogs checks that sessions know whether they stand in backlogs.
func (a *audit) backlogs() {
	s, stands := a.s, make(map[Address]int)
	for _, l := range s.backlogs.of {
		for _, at := range l.sessions {
			stands[at]++
		}
	}
	if !maps.Equal(stands, s.backlogs.in) {
		a.found = append(a.found, fmt.Errorf("sessions in backlogs: %v, counted %v", stands, s.backlogs.in))
	}
	s.sessions.Each(func(slot uint32, r *session) bool {
		a.expect(r.tables.has(inBacklogs) == (stands[s.sessions.address(slot)] > 0), slot, r, "it knows whether it stands in a backlog")
		return true
	})
}
