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

// turn is a session's next chance to get a channel's event: the newest that is in
// the lot of its key by then.
type turn struct {
	session Address
	key     uint32
	lazy    bool   // it is one of the session's lazy events, which are pending
	seen    uint64 // events of the lot that went before, or that the session has
}

func newPacer(now int64) pacer {
	return pacer{turns: make(map[pendingKey]uint32), wheel: wheel.New(wheelTick, wheelSlots, now)}
}

// begin starts a turn that ends after interval milliseconds.
func (p *pacer) begin(now, interval int64, t turn) {
	i := uint32(len(p.slab))
	if n := len(p.free); n > 0 {
		i = p.free[n-1]
		p.free = p.free[:n-1]
		p.slab[i] = t
	} else {
		p.slab = append(p.slab, t)
	}
	p.turns[pendingKey{t.session.Slot, t.key}] = i
	p.wheel.Set(i, now+interval)
}

func (p *pacer) end(i uint32) {
	t := &p.slab[i]
	delete(p.turns, pendingKey{t.session.Slot, t.key})
	*t = turn{}
	p.free = append(p.free, i)
}

// skipTurn drops what waits for the session's turn, but not the turn.
func (s *Server) skipTurn(slot uint32, key []byte) {
	id := s.conflater.find(key)
	if i, ok := s.pacer.turns[pendingKey{slot, id}]; ok && id != 0 {
		s.pacer.slab[i].seen = s.conflater.keys[id].lot.count
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
	s.pacer.begin(now, interval, turn{session: a, lazy: true})
}

// takeTurns gives the events whose time has come to their sessions.
func (s *Server) takeTurns(now int64) (more bool) {
	p := &s.pacer
	p.due = p.wheel.Advance(now, expiryBatch, p.due[:0])
	for n, i := range p.due {
		if s.spend(1); n > 0 && s.Tired() {
			p.wheel.Set(i, now)
			more = true
			continue
		}
		s.takeTurn(now, i)
	}
	return more || len(p.due) == expiryBatch
}

func (s *Server) takeTurn(now int64, i uint32) {
	t := &s.pacer.slab[i]
	r := s.sessions.find(t.session)
	if t.lazy {
		if r != nil {
			r.eager = r.eager || r.queue.pending() > 0
			s.mark(t.session.Slot, r)
		}
		s.pacer.end(i)
		return
	}
	if r != nil && s.serveTurn(now, i, r) {
		return
	}
	s.conflater.put(t.key)
	s.pacer.end(i)
}

// serveTurn gives a session what has come for its turn, and tells whether the next
// one begins. Without news the session gets the next event as it comes.
func (s *Server) serveTurn(now int64, i uint32, r *session) bool {
	t := &s.pacer.slab[i]
	l := &s.conflater.keys[t.key].lot
	slot, e := t.session.Slot, l.newest
	if !s.covers(slot, e) {
		return false
	}
	b := s.cfg.Rules.Of(s.name)
	interval := s.interval(slot, r, e, &b)
	// One that its replay brings is not given to it twice.
	if news := l.count - t.seen; news > 0 && !(r.replaying && s.follows(slot, e, &b)) {
		s.stats.Conflated += news - 1
		t.seen = l.count
		if interval > 0 {
			s.pacer.wheel.Set(i, now+interval)
		}
		r.eager = true
		s.enqueueFor(slot, r, e, b.Conflate || interval > 0)
		return interval > 0
	}
	if interval > 0 {
		l.open = append(l.open, member{slot, interval})
	}
	return false
}

// covers tells whether the session still subscribes to e's channel.
func (s *Server) covers(slot uint32, e Event) (covered bool) {
	s.name = append(s.name[:0], e.Channel()...)
	s.table.Covering(channel.Subscriber(slot), s.name, func(string) bool {
		covered = true
		return false
	})
	return covered
}
