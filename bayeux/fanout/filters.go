// Proved by TestFiltersEnd and TestRecordIsReadOnce.

package fanout

import "halley/bayeux/event"

// SetFilter has a session get only the events of a topic that a filter lets through, as
// long as it subscribes to the topic.
func (f *Fanout) SetFilter(slot uint32, topic []byte, filter *Filter) {
	if f.filters[slot] == nil {
		f.filters[slot] = make(map[string]*Filter)
	}
	f.filters[slot][string(topic)] = filter
	f.marks.set(slot, hasFilter, true)
}

// Filter is that of a session for a topic, nil if it has none.
func (f *Fanout) Filter(slot uint32, topic []byte) *Filter { return f.filters[slot][string(topic)] }

// HasFilters tells whether a session has a filter.
func (f *Fanout) HasFilters(slot uint32) bool { return f.marks.has(slot, hasFilter) }

// dropFilter takes back SetFilter.
func (f *Fanout) dropFilter(slot uint32, topic []byte) {
	if !f.marks.has(slot, hasFilter) {
		return
	}
	if delete(f.filters[slot], string(topic)); len(f.filters[slot]) == 0 {
		delete(f.filters, slot)
		f.marks.set(slot, hasFilter, false)
	}
}

// sift is e as its session's filter lets it through; false means that it does not.
func (f *Fanout) sift(slot uint32, e event.Event) (event.Event, bool) {
	if !f.marks.has(slot, hasFilter) {
		return e, true
	}
	filter := f.filters[slot][e.Channel()]
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
