package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/queue"
	"halley/bayeux/rules"
)

// Deliver queues e for every local subscriber of its channel (Bayeux 1.0, 5.2 MUST delivered).
func (s *Server) Deliver(now int64, e event.Event) {
	s.name = append(s.name[:0], e.Channel()...)
	b := s.rules.Of(s.name)
	if l := s.laneOf(e, b); l != nil {
		s.offer(now, l, e, b)
		for _, slot := range l.direct {
			s.deliverTo(now, slot, e, b)
		}
		return
	}
	for _, sub := range s.table.Match(s.name) {
		s.deliverTo(now, uint32(sub), e, b)
	}
}

// deliverTo queues e for one session, which gets all events of the channel.
func (s *Server) deliverTo(now int64, slot uint32, e event.Event, b *rules.Behaviour) {
	r := s.sessions.At(slot)
	if r.replaying && s.follows(slot, e, b) {
		s.Spend(1)
		return
	}
	if r.waited { // for what it no longer asks for
		s.skipTurn(slot, s.conflationKey(e, b.Key))
	}
	s.give(now, slot, r, e, b, b.Conflate)
}

// give queues e for a session, and lets it wait for company if it may.
func (s *Server) give(now int64, slot uint32, r *session, e event.Event, b *rules.Behaviour, conflate bool) {
	waits := b.Lazy > 0 && !r.eager
	r.eager = !waits
	s.enqueueFor(slot, r, e, conflate)
	if waits {
		s.laze(now, s.address(slot, r), b.Lazy)
	}
}

// enqueueFor queues e for a session, in the place of an older event if it
// conflates.
func (s *Server) enqueueFor(slot uint32, r *session, e event.Event, conflate bool) {
	e, wanted := s.sift(slot, r, e)
	if !wanted {
		return
	}
	if !conflate {
		s.queued(slot, r, s.queues.Push(&r.queue, e))
		return
	}
	s.name = append(s.name[:0], e.Topic()...)
	key := s.conflationKey(e, s.rules.Of(s.name).Key)
	s.queued(slot, r, s.queues.PushNewest(&r.queue, e, key))
}

// queued marks the session that has an event more, or notes that it is to end since its
// queue is full.
func (s *Server) queued(slot uint32, r *session, fits bool) {
	if fits {
		s.mark(slot, r)
	} else {
		s.doomed.push(s.address(slot, r))
	}
}

// conflationKey is what e conflates by, see rules.Keys.
func (s *Server) conflationKey(e event.Event, field string) []byte {
	key, read := s.keys.Of(e, field)
	s.Read(read)
	return key
}

// keyFor is the key by which e is conflated for a session, nil if it is not.
func (s *Server) keyFor(slot uint32, e event.Event) []byte {
	s.name = append(s.name[:0], e.Topic()...)
	b := s.rules.Of(s.name)
	if b.Conflate || b.Interval > 0 || s.sessions.At(slot).paced && s.askedInterval(slot, e) > 0 {
		return s.conflationKey(e, b.Key)
	}
	return nil
}

// freezeAsked ends the replacing of pending events that is not by a rule, before the
// session asks for something else: events that are not conflated may follow them.
func (s *Server) freezeAsked(q *queue.Queue) {
	s.Spend(q.Pending())
	s.queues.Freeze(q, func(e event.Event) bool {
		s.other = append(s.other[:0], e.Channel()...)
		b := s.rules.Of(s.other)
		return !b.Conflate && b.Interval == 0
	})
}

// ask notes the interval that a session wants for a pattern, at most one event of a
// channel in so many milliseconds; 0 takes it back.
func (s *Server) ask(slot uint32, r *session, pattern []byte, interval int64) {
	asked := s.asked[slot]
	if _, known := asked[string(pattern)]; !known && interval == 0 {
		return
	}
	s.table.Touch(pattern)
	switch {
	case interval == 0:
		delete(asked, string(pattern))
	case asked == nil:
		s.asked[slot] = map[string]int64{string(pattern): interval}
	default:
		asked[string(pattern)] = interval
	}
	if r.paced = len(s.asked[slot]) > 0; !r.paced {
		delete(s.asked, slot)
	}
}

// interval is the least time between two events of e's channel for a session, in
// milliseconds; 0 is none.
func (s *Server) interval(slot uint32, r *session, e event.Event, b *rules.Behaviour) int64 {
	if !r.paced {
		return b.Interval
	}
	return max(b.Interval, s.askedInterval(slot, e))
}

// askedInterval is the interval that the session wants for e's channel: the
// shortest of its subscriptions that match, and none if one of them asks for none.
func (s *Server) askedInterval(slot uint32, e event.Event) (interval int64) {
	s.other = append(s.other[:0], e.Topic()...)
	asked, first := s.asked[slot], true
	s.table.Covering(channel.Subscriber(slot), s.other, func(pattern string) bool {
		if wanted := asked[pattern]; first || wanted < interval {
			interval, first = wanted, false
		}
		return interval > 0
	})
	return interval
}
