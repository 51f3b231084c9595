package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/wheel"
)

// pacer keeps the least time between two events of a channel for a session: the
// first goes at once, of those that come before the time is over the newest waits.
type pacer struct {
	turns map[pendingKey]uint32 // by session and conflation key: index of turn
	slab  []turn
	free  []uint32
	wheel *wheel.Wheel
	due   []uint32
}

// turn is a session's next chance to get a channel's event.
type turn struct {
	session  Address
	key      uint32
	interval int64
	event    Event // that waits; empty: none
	lazy     bool  // no event waits, but the session's lazy ones do
}

func newPacer(now int64) pacer {
	return pacer{turns: make(map[pendingKey]uint32), wheel: wheel.New(wheelTick, wheelSlots, now)}
}

// begin starts a turn that ends after its interval.
func (p *pacer) begin(now int64, t turn) {
	i := uint32(len(p.slab))
	if n := len(p.free); n > 0 {
		i = p.free[n-1]
		p.free = p.free[:n-1]
		p.slab[i] = t
	} else {
		p.slab = append(p.slab, t)
	}
	p.turns[pendingKey{t.session.Slot, t.key}] = i
	p.wheel.Set(i, now+t.interval)
}

func (p *pacer) end(i uint32) {
	t := &p.slab[i]
	delete(p.turns, pendingKey{t.session.Slot, t.key})
	*t = turn{}
	p.free = append(p.free, i)
}

// pace tells whether e may go to the session now. If not, it waits for its turn,
// in place of what waited before.
func (s *Server) pace(now int64, a Address, key []byte, e Event, interval int64) bool {
	p := &s.pacer
	if id := s.conflater.find(key); id != 0 {
		if i, ok := p.turns[pendingKey{a.Slot, id}]; ok && p.slab[i].session == a {
			if p.slab[i].event != "" {
				s.stats.Conflated++
			}
			p.slab[i].event, p.slab[i].interval = e, interval
			return false
		}
	}
	id := s.conflater.take(key)
	if i, stale := p.turns[pendingKey{a.Slot, id}]; stale {
		p.wheel.Cancel(i)
		s.conflater.put(id)
		p.end(i)
	}
	p.begin(now, turn{session: a, key: id, interval: interval})
	return true
}

// skipTurn drops what waits for the session's turn, but not the turn.
func (s *Server) skipTurn(slot uint32, key []byte) {
	p := &s.pacer
	if i, ok := p.turns[pendingKey{slot, s.conflater.find(key)}]; ok && !p.slab[i].lazy {
		p.slab[i].event = ""
	}
}

// laze lets the session's pending events wait for others, up to a time.
func (s *Server) laze(now int64, a Address, interval int64) {
	i, ok := s.pacer.turns[pendingKey{a.Slot, 0}]
	if ok && s.pacer.slab[i].session == a {
		return
	}
	if ok { // of the session that had the slot before
		s.pacer.wheel.Cancel(i)
		s.pacer.end(i)
	}
	s.pacer.begin(now, turn{session: a, interval: interval, lazy: true})
}

// takeTurns gives the events whose time has come to their sessions.
func (s *Server) takeTurns(now int64) (more bool) {
	p := &s.pacer
	p.due = p.wheel.Advance(now, expiryBatch, p.due[:0])
	for _, i := range p.due {
		s.takeTurn(now, i)
	}
	return len(p.due) == expiryBatch
}

func (s *Server) takeTurn(now int64, i uint32) {
	t := s.pacer.slab[i]
	r := s.sessions.find(t.session)
	switch {
	case r == nil:
	case t.lazy:
		r.eager = r.eager || r.queue.pending() > 0
		s.mark(t.session.Slot, r)
	case t.event != "" && s.waits(r, t.session.Slot, t.event):
		r.eager = true
		s.enqueueFor(t.session.Slot, r, t.event, true)
		s.pacer.slab[i].event = ""
		s.pacer.wheel.Set(i, now+t.interval)
		return
	}
	if !t.lazy {
		s.conflater.put(t.key)
	}
	s.pacer.end(i)
}

// waits tells whether the session still wants an event whose turn has come. One that
// its replay brings is not given to it twice.
func (s *Server) waits(r *session, slot uint32, e Event) bool {
	if !s.covers(slot, e) {
		return false
	}
	b := s.cfg.Rules.Of(s.name)
	return !r.replaying || !s.follows(slot, e, &b)
}

// covers tells whether the session still subscribes to e's channel.
func (s *Server) covers(slot uint32, e Event) (covered bool) {
	s.name = append(s.name[:0], e.Channel()...)
	s.table.Subscriptions(channel.Subscriber(slot), func(pattern []byte) {
		covered = covered || channel.Matches(pattern, s.name)
	})
	return covered
}
