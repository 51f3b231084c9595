package bayeux

import (
	"halley/bayeux/fanout"
	"halley/bayeux/reply"
)

// filterFailure says why a session may not filter a topic so: it is on it already, and
// otherwise.
func (asked *subscription) filterFailure(f *fanout.Fanout, slot uint32) reply.Code {
	if asked.filters == nil && !f.HasFilters(slot) {
		return reply.Success
	}
	for i, topic := range asked.patterns {
		if !f.Has(slot, topic) {
			continue
		}
		has, wants := "", ""
		if filter := f.Filter(slot, topic); filter != nil {
			has = filter.Text()
		}
		if asked.filters != nil && asked.filters[i] != nil {
			wants = asked.filters[i].Text()
		}
		if has != wants {
			return reply.FilterOther
		}
	}
	return reply.Success
}
