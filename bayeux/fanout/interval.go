package fanout

import (
	"halley/bayeux/channel"
	"halley/bayeux/rules"
)

// SetInterval has a session get at most one event of a channel in so many milliseconds, of
// the channels that a pattern matches. 0 sets no limit. It holds until the session is
// taken off the pattern.
func (f *Fanout) SetInterval(slot uint32, pattern []byte, interval int64) {
	if interval == 0 && !f.marks.has(slot, hasInterval) {
		return
	}
	asked := f.intervals[slot]
	if _, known := asked[string(pattern)]; !known && interval == 0 {
		return
	}
	f.table.Touch(pattern)
	switch {
	case interval == 0:
		delete(asked, string(pattern))
	case asked == nil:
		f.intervals[slot] = map[string]int64{string(pattern): interval}
	default:
		asked[string(pattern)] = interval
	}
	some := len(f.intervals[slot]) > 0
	if f.marks.set(slot, hasInterval, some); !some {
		delete(f.intervals, slot)
	}
}

// HasIntervals tells whether a session has set an interval.
func (f *Fanout) HasIntervals(slot uint32) bool { return f.marks.has(slot, hasInterval) }

// interval is the least time between two events of a channel for a session, in
// milliseconds; 0 is none.
func (f *Fanout) interval(slot uint32, name []byte, b *rules.Behaviour) int64 {
	if !f.marks.has(slot, hasInterval) {
		return b.Interval
	}
	return max(b.Interval, f.asked(slot, name))
}

// asked is the interval that the session wants for a channel: the shortest of its
// subscriptions that match, and none if one of them asks for none.
func (f *Fanout) asked(slot uint32, name []byte) (interval int64) {
	asked, first := f.intervals[slot], true
	f.table.Covering(channel.Subscriber(slot), name, func(pattern string) bool {
		if wanted := asked[pattern]; first || wanted < interval {
			interval, first = wanted, false
		}
		return interval > 0
	})
	return interval
}
