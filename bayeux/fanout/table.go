// Proved by TestFanoutAgainstModel and TestFiltersEnd.

package fanout

import "halley/bayeux/channel"

// Subscribe puts a session on a pattern and tells whether it is the first one there.
func (f *Fanout) Subscribe(slot uint32, pattern []byte) (first bool) {
	return f.table.Subscribe(channel.Subscriber(slot), pattern).Edge
}

// Unsubscribe takes a session off a pattern, with its interval and filter there, and tells
// whether it was the last one.
func (f *Fanout) Unsubscribe(slot uint32, pattern []byte) (last bool) {
	f.SetInterval(slot, pattern, 0)
	f.dropFilter(slot, pattern)
	return f.table.Unsubscribe(channel.Subscriber(slot), pattern).Edge
}

// Leave ends all that is known of a session. It calls edge with each pattern that had no
// other subscriber.
func (f *Fanout) Leave(slot uint32, edge func(pattern []byte)) {
	f.table.UnsubscribeAll(channel.Subscriber(slot), edge)
	f.endAll(slot)
	f.intervals.forget(slot)
	f.filters.forget(slot)
	f.marks.set(slot, hasPause, false)
}

// Has tells whether a session subscribes to exactly this pattern.
func (f *Fanout) Has(slot uint32, pattern []byte) bool {
	return f.table.Has(channel.Subscriber(slot), pattern)
}

// Count is how many patterns a session subscribes to.
func (f *Fanout) Count(slot uint32) int { return f.table.Count(channel.Subscriber(slot)) }

// Subscriptions is how many all sessions have together.
func (f *Fanout) Subscriptions() int { return f.table.Len() }

// Of visits the patterns that a session subscribes to, the newest first, until visit returns false. Visit
// must not keep them.
func (f *Fanout) Of(slot uint32, visit func(pattern []byte) bool) {
	f.table.Of(channel.Subscriber(slot), visit)
}

// Known tells whether any session subscribes to exactly this pattern.
func (f *Fanout) Known(pattern []byte) bool { return f.table.Known(pattern) }

// Covers tells whether a session subscribes to a channel.
func (f *Fanout) Covers(slot uint32, name string) bool { return f.covers(slot, f.text(name)) }

func (f *Fanout) covers(slot uint32, name []byte) (covers bool) {
	f.table.Covering(channel.Subscriber(slot), name, func([]byte) bool {
		covers = true
		return false
	})
	return covers
}

// Patterns calls visit with every pattern that has subscribers.
func (f *Fanout) Patterns(visit func(pattern []byte, subscribers int)) { f.table.Patterns(visit) }

// Subscribers is how many sessions are on exactly a pattern.
func (f *Fanout) Subscribers(pattern []byte) int { return f.table.Subscribers(pattern) }

// Memory is about how many bytes all subscriptions take.
func (f *Fanout) Memory() int { return f.table.Memory() }
