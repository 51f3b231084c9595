package fanout

import (
	"halley/bayeux/channel"
	"halley/bayeux/rules"
)

// intervals are those that sessions asked for, which they are marked by.
type intervals struct {
	of    map[uint32]map[string]int64 // in milliseconds, by slot and pattern
	marks *marks
	table *channel.Table
}

// forget forgets all intervals of a session.
func (i *intervals) forget(slot uint32) {
	delete(i.of, slot)
	i.marks.set(slot, hasInterval, false)
}

// SetInterval has a session get at most one event of a channel in so many milliseconds, of
// the channels that a pattern matches. 0 sets no limit. It holds until the session is
// taken off the pattern.
func (i *intervals) SetInterval(slot uint32, pattern []byte, interval int64) {
	if interval == 0 && !i.marks.has(slot, hasInterval) {
		return
	}
	asked := i.of[slot]
	if _, known := asked[string(pattern)]; !known && interval == 0 {
		return
	}
	i.table.Touch(pattern)
	switch {
	case interval == 0:
		delete(asked, string(pattern))
	case asked == nil:
		i.of[slot] = map[string]int64{string(pattern): interval}
	default:
		asked[string(pattern)] = interval
	}
	some := len(i.of[slot]) > 0
	if i.marks.set(slot, hasInterval, some); !some {
		delete(i.of, slot)
	}
}

// HasIntervals tells whether a session has set an interval.
func (i *intervals) HasIntervals(slot uint32) bool { return i.marks.has(slot, hasInterval) }

// interval is the least time between two events of a channel for a session, in
// milliseconds; 0 is none.
func (i *intervals) interval(slot uint32, name []byte, b *rules.Behaviour) int64 {
	if !i.marks.has(slot, hasInterval) {
		return b.Interval
	}
	return max(b.Interval, i.asked(slot, name))
}

// asked is the interval that the session wants for a channel: the shortest of its
// subscriptions that match, and none if one of them asks for none.
func (i *intervals) asked(slot uint32, name []byte) (interval int64) {
	asked, first := i.of[slot], true
	i.table.Covering(channel.Subscriber(slot), name, func(pattern []byte) bool {
		if wanted := asked[string(pattern)]; first || wanted < interval {
			interval, first = wanted, false
		}
		return interval > 0
	})
	return interval
}
