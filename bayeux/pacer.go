package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/bayeux/slab"
	"halley/bayeux/wheel"
)

// pacer keeps the least time between two events of a channel for a session: the
// first goes at once, of those that come before the time is over the newest waits.
type pacer struct {
	turns     map[turnKey]uint32  // by session and conflation key: index of turn
	ofSession map[uint32]turnList // by slot
	list      slab.List[turn]
	wheel     *wheel.Wheel
	due       []uint32
}

// turn is a session's next chance to get a channel's event: the newest that is in
// the lot of its key by then. It ends with its session.
type turn struct {
	session Address
	key     uint32
	lazy    bool   // it is one of the session's lazy events, which are pending
	seen    uint64 // events of the lot that went before, or that the session has
	links   [2]link
}

// turnKey finds the turn of a session for a conflation key.
type turnKey struct{ slot, key uint32 }

// turnBytes is about what a turn takes, with its places in the map and the wheel.
const turnBytes = 96

func newPacer(now int64) pacer {
	return pacer{turns: make(map[turnKey]uint32), ofSession: make(map[uint32]turnList),
		wheel: wheel.New(wheelTick, wheelSlots, now)}
}

// beginTurn starts a turn that ends after interval milliseconds.
func (s *Server) beginTurn(now, interval int64, r *session, t turn) {
	p := &s.pacer
	i := p.list.Take(t)
	p.turns[turnKey{t.session.Slot, t.key}] = i
	l := p.ofSession[t.session.Slot]
	p.push(&l, bySession, i)
	p.ofSession[t.session.Slot] = l
	if !t.lazy {
		p.push(&s.lots.At(t.key).turns, byLot, i)
	}
	r.queue.Reserve(turnBytes)
	p.wheel.Set(i, now+interval)
}

// endTurn ends a turn of a session that is still there.
func (s *Server) endTurn(i uint32) {
	p := &s.pacer
	t := *p.list.At(i)
	delete(p.turns, turnKey{t.session.Slot, t.key})
	l := p.ofSession[t.session.Slot]
	if p.cut(&l, bySession, i); l.first == 0 {
		delete(p.ofSession, t.session.Slot)
	} else {
		p.ofSession[t.session.Slot] = l
	}
	s.sessions.At(t.session.Slot).queue.Reserve(-turnBytes)
	p.wheel.Cancel(i)
	if !t.lazy {
		p.cut(&s.lots.At(t.key).turns, byLot, i)
		s.settleLot(t.key)
		s.lots.Drop(t.key)
	}
	p.list.Release(i)
}

// endTurns ends all turns of a session.
func (s *Server) endTurns(slot uint32) {
	for l := s.pacer.ofSession[slot]; l.first != 0; l = s.pacer.ofSession[slot] {
		s.Spend(1)
		s.endTurn(l.first - 1)
	}
}

// saw notes that the session of a turn has what is in the lot.
func (s *Server) saw(i uint32) {
	s.see(i)
	s.settleLot(s.pacer.list.At(i).key)
}

func (s *Server) see(i uint32) {
	t := s.pacer.list.At(i)
	l := s.lots.At(t.key)
	t.seen = l.count
	s.pacer.cut(&l.turns, byLot, i)
	s.pacer.push(&l.turns, byLot, i)
}

// skipTurn drops what waits for the session's turn, but not the turn.
func (s *Server) skipTurn(slot uint32, key []byte) {
	id := s.lots.Find(key)
	if i, ok := s.pacer.turns[turnKey{slot, id}]; ok && id != 0 {
		s.saw(i)
	}
}

// laze lets the session's pending events wait for others, up to a time.
func (s *Server) laze(now int64, a Address, interval int64) {
	if _, waits := s.pacer.turns[turnKey{a.Slot, 0}]; !waits {
		s.beginTurn(now, interval, s.sessions.At(a.Slot), turn{session: a, lazy: true})
	}
}

// takeTurns gives the events whose time has come to their sessions.
func (s *Server) takeTurns(now int64) (more bool) {
	p := &s.pacer
	p.due = p.wheel.Advance(now, expiryBatch, p.due[:0])
	for n, i := range p.due {
		if s.Spend(1); n > 0 && s.Tired() {
			p.wheel.Set(i, now)
			more = true
			continue
		}
		s.takeTurn(now, i)
	}
	return more || len(p.due) == expiryBatch
}

func (s *Server) takeTurn(now int64, i uint32) {
	t := s.pacer.list.At(i)
	slot := t.session.Slot
	r := s.sessions.At(slot)
	if t.lazy {
		r.eager = r.eager || r.queue.Pending() > 0
		s.mark(slot, r)
	} else if s.serveTurn(now, i, r) {
		return
	}
	s.endTurn(i)
}

// serveTurn gives a session what has come for its turn, and tells whether the next
// one begins. Without news the session gets the next event as it comes.
func (s *Server) serveTurn(now int64, i uint32, r *session) bool {
	t := s.pacer.list.At(i)
	slot, l := t.session.Slot, s.lots.At(t.key)
	e := event.Bare(s.lots.Name(t.key)[:l.channel])
	if !s.covers(slot, e) {
		return false
	}
	b := s.rules.Of(s.name)
	interval := s.interval(slot, r, e, b)
	if s.giveNews(i, r, b, interval > 0) {
		if interval > 0 {
			s.pacer.wheel.Set(i, now+interval)
		}
		return interval > 0
	}
	if interval > 0 {
		l.open = append(l.open, member{slot, interval})
	}
	return false
}

// giveNews gives a session what has come since its turn began, and tells whether there
// was something. One that its replay brings is not given to it twice.
func (s *Server) giveNews(i uint32, r *session, b *rules.Behaviour, paced bool) bool {
	t := s.pacer.list.At(i)
	slot, l := t.session.Slot, s.lots.At(t.key)
	news, e := l.count-t.seen, l.newest
	if news == 0 || r.replaying && s.follows(slot, e, b) {
		return false
	}
	s.stats.Conflated += news - 1
	s.saw(i)
	r.eager = true
	s.enqueueFor(slot, r, e, b.Conflate || paced)
	return true
}

// covers tells whether the session still subscribes to e's channel.
func (s *Server) covers(slot uint32, e event.Event) (covered bool) {
	s.name = append(s.name[:0], e.Channel()...)
	s.table.Covering(channel.Subscriber(slot), s.name, func(string) bool {
		covered = true
		return false
	})
	return covered
}
