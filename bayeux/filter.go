package bayeux

import (
	"bytes"

	"halley/bayeux/channel"
	"halley/bayeux/fanout"
	"halley/bayeux/reply"
)

// topicPrefix begins the names of Salesforce's topics, which alone can be filtered.
const topicPrefix = "/topic/"

// splitFilter takes the filter off a pattern, if it is one of Salesforce's topics with
// one. A filter that is nil but not valid is none that can be read.
func (d *subscriptionReader) splitFilter(pattern []byte) (topic []byte, f *fanout.Filter, valid bool) {
	at := bytes.IndexByte(pattern, '?')
	if !d.salesforce || at < 0 || !bytes.HasPrefix(pattern, []byte(topicPrefix)) {
		return pattern, nil, true
	}
	topic = channel.Canonical(pattern[:at])
	if f = fanout.ParseFilter(string(pattern[at:])); f == nil || bytes.IndexByte(topic, '*') >= 0 {
		return topic, nil, false
	}
	return topic, f, true
}

// readFilters takes the filters off the patterns that have one.
func (d *subscriptionReader) readFilters(asked *subscription) (failure reply.Code) {
	var topics map[string]bool // of the patterns so far, and of those without a filter
	for i, pattern := range asked.patterns {
		topic, f, valid := d.splitFilter(pattern)
		switch {
		case !valid:
			return reply.FilterInvalid
		case f == nil:
			continue
		case asked.filters == nil:
			asked.filters = make([]*fanout.Filter, len(asked.patterns))
		}
		if topics == nil {
			topics = make(map[string]bool, len(asked.patterns))
			for _, other := range asked.patterns {
				topics[string(other)] = true
			}
		}
		if topics[string(topic)] {
			return reply.FilterOther
		}
		topics[string(topic)] = true
		asked.patterns[i], asked.filters[i] = topic, f
	}
	return reply.Success
}

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
