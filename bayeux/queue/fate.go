package queue

// Written reports that the events up to number upto have left, with the losses that were
// told along with them, and returns how many are done with. Those of a client that
// acknowledges stay in flight: its word counts, not the kernel's. But if they went on a
// stream its connects tell nothing of them.
func (s *Store) Written(q *Queue, upto uint32, onStream bool) (done int) {
	s.settleReply(q, upto, true)
	if q.sent == 0 || q.Upto() != upto || q.acknowledges && !onStream {
		return 0
	}
	done = q.InFlight()
	s.nodes.written(q)
	return done
}

// Bounced reports that the events up to number upto have not left, nor the losses that
// were told along with them. They are pending again; it returns how many they are.
func (s *Store) Bounced(q *Queue, upto uint32) (back int) {
	s.settleReply(q, upto, false)
	if q.sent == 0 || q.Upto() != upto {
		return 0
	}
	return s.Return(q)
}

// Return makes the events in flight pending again, in front of all newer ones, and returns
// how many they are.
func (s *Store) Return(q *Queue) (back int) {
	back = q.InFlight()
	s.nodes.bounced(q)
	s.endCarried(q)
	s.conflateReturned(q)
	return back
}

// conflateReturned has events that came back give way to newer ones that wait already,
// and be replaced by those to come. The newest of a key that are not to be replaced yet
// takes the place of the oldest, unless it has a number.
func (s *Store) conflateReturned(q *Queue) {
	s.work.Spend(q.Pending())
	var came map[uint32]bool // nodes that came back, with a key now
	for i, n := q.first, q.pending(); n > 0; n-- {
		next := s.nodes.At(i).next
		if node := s.nodes.At(i); node.key == 0 {
			if key := s.cfg.Key(q.owner, node.event); key != nil && s.conflateWith(q, i, s.keys.Use(key), came) {
				if came == nil {
					came = make(map[uint32]bool)
				}
				came[i] = true
			}
		}
		i = next
	}
}

// conflateWith brings node i, which came back, together with the pending event of its key,
// and tells whether node i is the one to be replaced from now on.
func (s *Store) conflateWith(q *Queue, i, id uint32, came map[uint32]bool) bool {
	node := s.nodes.At(i)
	other, known := s.replaced[keyOf{q.owner, id}]
	switch {
	case known && !came[other]:
		s.giveWay(q, id, i)
		return false
	case known && node.event.ID() == 0 && s.nodes.At(other).order == 0:
		older := s.nodes.At(other)
		older.event, node.event = node.event, older.event
		s.giveWay(q, id, i)
		return false
	case known:
		s.forgetKey(q, other)
		s.nodes.remove(q, other)
		s.stats.Conflated++
	}
	node.key = id
	s.replaced[keyOf{q.owner, id}] = i
	return true
}

// giveWay removes a pending event that gives way to another one of its key.
func (s *Store) giveWay(q *Queue, id, i uint32) {
	s.keys.Drop(id)
	s.nodes.remove(q, i)
	s.stats.Conflated++
}

// Acked reports that the client has got the connect reply of a number. It removes the
// events that the client has by that, and returns how many they are. The number may be an
// old one, of a reply whose events came back since. What was told of losses is settled
// too.
func (s *Store) Acked(q *Queue, number int64) (done int) {
	if l := s.losses[q.owner]; l != nil && l.told != nil {
		s.SettleLosses(q, number >= int64(l.upto))
	}
	upto, ok := s.arrived(q, uint32(min(max(number, 0), int64(q.reply))))
	if q.count == 0 || !ok {
		return 0
	}
	for ; q.count > 0 && s.precededBy(q, upto); done++ {
		if q.sent > 0 {
			s.nodes.dropSent(q)
		} else {
			s.forgetKey(q, q.head)
			s.nodes.dropOldest(q)
		}
	}
	s.work.Spend(done)
	if q.count == 0 || s.nodes.At(q.head).order == 0 {
		s.forgetCarried(q)
	}
	return done
}

// precededBy tells whether the oldest event was sent, and not after the event upto.
func (s *Store) precededBy(q *Queue, upto uint32) bool {
	order := s.nodes.At(q.head).order
	return order == recalled || order != 0 && !precedes(upto, order)
}
