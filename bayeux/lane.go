package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/rules"
)

// What is conflated by time costs by what subscribers get, not by what is published:
// an event of which all wait for their turns is put into a lot, and nobody is
// visited. A lane knows the channel's subscribers that get every event; a lot knows
// those of the others that no turn keeps from getting the next one.

// lane is what Deliver knows of a channel with subscribers that wait for turns.
type lane struct {
	stamp  channel.Stamp // of the subscribers that it was made of
	number uint64        // no other lane has it
	paced  bool          // there are some that wait for turns
	direct []uint32      // slots of the others
}

// lot is the newest event of a conflation key, for those that wait for their turns.
// It lives as long as there are some.
type lot struct {
	newest event.Event // while a turn waits for it
	count  uint64      // events so far
	turns  turnList    // of its key: those that wait for newest first
	payer  uint32      // slot of the session that newest counts for
	pinned int         // as so many bytes, 0 for none

	channel int      // length of the channel's name in that of the key
	lane    uint64   // number of the lane that open is of
	open    []member // those that wait for no turn
}

// member is a subscriber that gets one event in so many milliseconds.
type member struct {
	slot     uint32
	interval int64
}

// maxLanes bounds the memory of lanes; what is beyond is made anew.
const maxLanes = 8192

// laneOf returns the lane of e's channel, which is in s.name, or nil if all of its
// subscribers get every event.
func (s *Server) laneOf(e event.Event, b *rules.Behaviour) *lane {
	if b.Interval == 0 && len(s.asked) == 0 {
		return nil
	}
	l, stamp := s.lanes[string(s.name)], s.table.Stamp(s.name)
	if l == nil || l.stamp != stamp {
		l = s.newLane(e, b, stamp)
	}
	if !l.paced {
		return nil
	}
	return l
}

func (s *Server) newLane(e event.Event, b *rules.Behaviour, stamp channel.Stamp) *lane {
	s.laneNumber++
	l := &lane{stamp: stamp, number: s.laneNumber}
	if len(s.lanes) >= maxLanes {
		clear(s.lanes)
	}
	s.lanes[string(s.name)] = l // a part of e would keep all of it
	subs := s.table.Match(s.name)
	s.Spend(len(subs))
	for _, sub := range subs {
		slot := uint32(sub)
		if s.interval(slot, s.sessions.At(slot), e, b) > 0 {
			l.paced = true
		} else {
			l.direct = append(l.direct, slot)
		}
	}
	if !l.paced {
		l.direct = nil
	}
	return l
}

// offer puts e into its lot, and gives it to those that wait for no turn.
func (s *Server) offer(now int64, l *lane, e event.Event, b *rules.Behaviour) {
	id := s.lots.Use(s.conflationKey(e, b.Key))
	s.gather(l, id, e, b)
	t := s.lots.At(id)
	t.newest, t.channel = e, len(e.Channel())
	t.count++
	s.settleLot(id)
	t = s.lots.At(id)
	rest := t.open[:0]
	for _, m := range t.open {
		r := s.sessions.At(m.slot)
		if r.replaying && s.follows(m.slot, e, b) {
			rest = append(rest, m)
			continue
		}
		if s.hasRoomForTurn(r) {
			s.lots.Keep(id)
			s.beginTurn(now, m.interval, r, turn{session: s.address(m.slot, r), key: id, seen: t.count})
			r.waited = true
		} else {
			rest = append(rest, m) // it gets every event meanwhile
		}
		s.give(now, m.slot, r, e, b, true)
	}
	if t.open = rest; len(rest) == 0 {
		t.open = nil
	}
	s.lots.Drop(id)
}

// gather finds those that wait for no turn of a key, unless they are known.
func (s *Server) gather(l *lane, id uint32, e event.Event, b *rules.Behaviour) {
	if s.lots.At(id).lane == l.number {
		return
	}
	var open []member
	subs := s.table.Match([]byte(e.Channel()))
	s.Spend(len(subs))
	for _, sub := range subs {
		slot := uint32(sub)
		r := s.sessions.At(slot)
		interval := s.interval(slot, r, e, b)
		if interval > 0 && !s.hasTurn(slot, id) {
			open = append(open, member{slot, interval})
		}
	}
	t := s.lots.At(id)
	t.lane, t.open = l.number, open
}

// hasTurn tells whether a session waits for its turn.
func (s *Server) hasTurn(slot, id uint32) bool {
	_, ok := s.pacer.turns[turnKey{slot, id}]
	return ok
}
