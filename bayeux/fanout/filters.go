// Proved by TestFiltersEnd and TestRecordIsReadOnce.

package fanout

import (
	"halley/bayeux/event"
	"halley/bayeux/work"
)

// filters are those of subscriptions, which their sessions are marked by.
type filters struct {
	of     map[uint32]map[string]*Filter // by slot and topic
	marks  *marks
	work   *work.Meter
	record record // of the event that was filtered last
}

// forget forgets all filters of a session.
func (f *filters) forget(slot uint32) {
	delete(f.of, slot)
	f.marks.set(slot, hasFilter, false)
}

// SetFilter has a session get only the events of a topic that a filter lets through, as
// long as it subscribes to the topic.
func (f *filters) SetFilter(slot uint32, topic []byte, filter *Filter) {
	if f.of[slot] == nil {
		f.of[slot] = make(map[string]*Filter)
	}
	f.of[slot][string(topic)] = filter
	f.marks.set(slot, hasFilter, true)
}

// Filter is that of a session for a topic, nil if it has none.
func (f *filters) Filter(slot uint32, topic []byte) *Filter { return f.of[slot][string(topic)] }

// HasFilters tells whether a session has a filter.
func (f *filters) HasFilters(slot uint32) bool { return f.marks.has(slot, hasFilter) }

// dropFilter takes back SetFilter.
func (f *filters) dropFilter(slot uint32, topic []byte) {
	if !f.marks.has(slot, hasFilter) {
		return
	}
	if delete(f.of[slot], string(topic)); len(f.of[slot]) == 0 {
		delete(f.of, slot)
		f.marks.set(slot, hasFilter, false)
	}
}

// sift is e as its session's filter lets it through; false means that it does not.
func (f *filters) sift(slot uint32, e event.Event) (event.Event, bool) {
	if !f.marks.has(slot, hasFilter) {
		return e, true
	}
	filter := f.of[slot][e.Channel()]
	if filter == nil {
		return e, true
	}
	if f.work.Spend(1); f.record.of != e {
		f.work.Read(len(e))
		f.record = readRecord(e)
	}
	if !filter.matches(&f.record) {
		return e, false
	}
	return e.Filtered(filter.Text()), true
}
