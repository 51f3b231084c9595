package queue

import "slices"

// A client that acknowledges gets events with connect replies only. Each of these has a
// number, which the client returns with its next connect; until then the events stay in
// flight, and come again if the client has not seen them.
//
// Events are ordered by when they were first sent. What came back goes again from the
// oldest on, if not always as many at once, so a reply and those before it since then
// bring all events up to one.

// carried is what a connect reply tells of events when it is acknowledged.
type carried struct {
	number uint32 // of the reply; 0 none
	upto   uint32 // order of the last event
	until  uint32 // the last number that tells so: then events came back; 0 none yet
}

// maxCarried is how many replies are remembered of a session, beside the last one. Of
// older ones, events may come twice.
const maxCarried = 15

// precedes tells whether the event a was sent before the event b for the first time.
func precedes(a, b uint32) bool { return int32(a-b) < 0 }

// order gives an event that goes with a connect reply its place among all that were
// sent. One that came back has it, unless it is not behind the one that goes before.
func (q *Queue) order(has, before uint32) uint32 {
	if has != 0 && (before == 0 || precedes(before, has)) {
		return has
	}
	for q.ordered++; q.ordered == 0 || q.ordered == recalled; {
		q.ordered++
	}
	return q.ordered
}

// carry notes that a connect reply has events up to one, and forgets the replies of which
// nothing is left.
func (s *Store) carry(q *Queue, number, upto uint32) {
	oldest := s.nodes.At(q.head).order
	if q.last.number != 0 && !precedes(q.last.upto, oldest) || len(s.carried[q.owner]) > 0 {
		kept := append(s.carried[q.owner], q.last)
		kept = slices.DeleteFunc(kept, func(c carried) bool { return precedes(c.upto, oldest) })
		s.carried[q.owner] = kept[max(0, len(kept)-maxCarried):]
	}
	q.last = carried{number: number, upto: upto}
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

// arrived is the last event that a client has which acknowledges number, false if that
// tells of none.
func (s *Store) arrived(q *Queue, number uint32) (upto uint32, ok bool) {
	if q.last.bringsBy(number) {
		return q.last.upto, true
	}
	earlier := s.carried[q.owner]
	for i := len(earlier) - 1; i >= 0; i-- {
		if earlier[i].bringsBy(number) {
			return earlier[i].upto, true
		}
	}
	return 0, false
}

// bringsBy tells whether who acknowledges number has got the reply.
func (c carried) bringsBy(number uint32) bool {
	return c.number != 0 && c.number <= number && (c.until == 0 || number <= c.until)
}

// forgetCarried forgets what replies have brought: all of it has arrived.
func (s *Store) forgetCarried(q *Queue) {
	q.last = carried{}
	if len(s.carried) > 0 {
		delete(s.carried, q.owner)
	}
}

// endCarried notes that events came back, which need not go again together.
func (s *Store) endCarried(q *Queue) {
	q.last.end(q.reply)
	for i := range s.carried[q.owner] {
		s.carried[q.owner][i].end(q.reply)
	}
}

func (c *carried) end(number uint32) {
	if c.until == 0 {
		c.until = number
	}
}
