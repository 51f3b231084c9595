// Proved by TestReadPatternsAgainstList, TestReadPatternsIsBounded and bayeux/testdata/salesforce-filter.txt.

package bayeux

import (
	"bytes"
	"fmt"

	"halley/bayeux/channel"
	"halley/bayeux/fanout"
	"halley/bayeux/message"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
	"halley/bayeux/work"
)

// subscriptionReader reads what messages want to subscribe to: whatever it is costs by its
// own bytes.
type subscriptionReader struct {
	work       *work.Meter
	rules      *rules.Book
	most       int // patterns of one session
	channel    channel.Limits
	salesforce bool // filters and cursors are as Salesforce has them

	patterns [][]byte // kept for their memory
	wanted   [][]byte // likewise
	repeated channel.Map[bool]
}

// read reads what m asks for. It is valid until the next message is read.
func (d *subscriptionReader) read(m *message.Message) (asked subscription, failure reply.Code) {
	asked.patterns, failure = d.patternsOf(m.Subscription)
	if !failure.Failed() && len(asked.patterns) > d.most {
		failure = reply.SubscriptionsFull
	}
	if !failure.Failed() {
		failure = d.readFilters(&asked)
	}
	if failure.Failed() {
		return asked, failure
	}
	valid := true
	if asked.cursors, valid = readCursors(message.Get(m.Ext, "replay")); !valid {
		return asked, reply.ReplayInvalid
	}
	if failure := d.missingCursor(&asked); failure.Failed() {
		return asked, failure
	}
	if asked.interval, asked.limited, valid = readInterval(message.Get(m.Ext, "conflate")); !valid {
		return asked, reply.ConflateInvalid
	}
	return asked, reply.Success
}

// patternsOf reads a subscription field: its patterns, each once. Whether they are
// valid is not looked at.
func (d *subscriptionReader) patternsOf(raw []byte) (list [][]byte, failure reply.Code) {
	if d.repeated.Len() > 0 {
		d.repeated = channel.Map[bool]{}
	}
	list = d.patterns[:0]
	ok := message.Strings(raw, func(name []byte) bool {
		if pattern := channel.Canonical(name); !d.repeats(list, pattern) {
			list = append(list, pattern)
		}
		return true
	})
	d.work.Spend(patternWork * len(list))
	if d.patterns = list; cap(list) > maxPatterns {
		d.patterns = nil
	}
	switch {
	case raw == nil || ok && len(list) == 0:
		return list, reply.SubscriptionMissing
	case !ok:
		return list, reply.SubscriptionInvalid
	}
	return list, reply.Success
}

const (
	fewPatterns = 8    // that are compared with each other, without a map
	maxPatterns = 1024 // for which memory is kept
)

// repeats tells whether pattern stands in list, of which nothing stands twice.
func (d *subscriptionReader) repeats(list [][]byte, pattern []byte) bool {
	if len(list) < fewPatterns {
		for _, p := range list {
			if string(p) == string(pattern) {
				return true
			}
		}
		return false
	}
	if d.repeated.Len() == 0 {
		for _, p := range list {
			d.repeated.Set(string(p), true)
		}
	}
	_, known := d.repeated.Get(pattern)
	if !known {
		d.repeated.Set(string(pattern), true)
	}
	return known
}

// guarded are those of patterns for which a rule wants a token, and of those of which who subscribes is told who is there.
// They are valid until the next message is read.
func (d *subscriptionReader) guarded(patterns [][]byte) [][]byte {
	if !d.rules.Tokens() {
		return nil
	}
	d.wanted = d.wanted[:0]
	for _, p := range patterns {
		if !isService(p) {
			d.wanted = d.rules.AppendGuarded(d.wanted, p)
		}
	}
	return d.wanted
}

// check says why nobody may subscribe to pattern, or nothing.
func (d *subscriptionReader) check(pattern []byte) reply.Code {
	info, err := channel.Check(pattern, d.channel)
	switch {
	case err != nil:
		return reply.SubscriptionInvalid
	case info.Kind == channel.Meta:
		return reply.SubscribeMeta
	case info.Kind == channel.Broadcast && !d.rules.Subscribable(pattern):
		return reply.SubscribeDenied
	}
	return reply.Success
}

// missingCursor says, in Salesforce's words, that a subscription has a map of cursors
// in which its channel is not.
func (d *subscriptionReader) missingCursor(asked *subscription) reply.Code {
	if !d.salesforce || asked.cursors.by == nil {
		return reply.Success
	}
	for _, pattern := range asked.patterns {
		if _, given := asked.cursors.of(pattern); !given {
			text := fmt.Sprintf("The replayId for channel {%s} wasn't found using the provided replay ID map {%s}. "+
				"Ensure that the channel name you provided in the replay map is valid and matches the channel name used for subscribing.",
				pattern, asked.cursors)
			return reply.Code{Code: 400, Text: text}
		}
	}
	return reply.Success
}

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

// topicPrefix begins the names of Salesforce's topics, which alone can be filtered.
const topicPrefix = "/topic/"

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
