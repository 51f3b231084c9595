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

// ackTable has what earlier connect replies than the last tell when they are acknowledged.
type ackTable struct {
	carried map[uint32][]carried // by owner
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
// nothing is left since the oldest event is newer.
func (t *ackTable) carry(q *Queue, oldest, number, upto uint32) {
	if q.last.number != 0 && !precedes(q.last.upto, oldest) || len(t.carried[q.owner]) > 0 {
		kept := append(t.carried[q.owner], q.last)
		kept = slices.DeleteFunc(kept, func(c carried) bool { return precedes(c.upto, oldest) })
		t.carried[q.owner] = kept[max(0, len(kept)-maxCarried):]
	}
	q.last = carried{number: number, upto: upto}
}

// arrived is the last event that a client has which acknowledges number, false if that
// tells of none.
func (t *ackTable) arrived(q *Queue, number uint32) (upto uint32, ok bool) {
	if q.last.bringsBy(number) {
		return q.last.upto, true
	}
	earlier := t.carried[q.owner]
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
func (t *ackTable) forgetCarried(q *Queue) {
	q.last = carried{}
	if len(t.carried) > 0 {
		delete(t.carried, q.owner)
	}
}

// endCarried notes that events came back, which need not go again together.
func (t *ackTable) endCarried(q *Queue) {
	q.last.end(q.reply)
	for i := range t.carried[q.owner] {
		t.carried[q.owner][i].end(q.reply)
	}
}

func (c *carried) end(number uint32) {
	if c.until == 0 {
		c.until = number
	}
}
