// Proved by TestReadPatternsAgainstList, TestReadPatternsIsBounded and bayeux/testdata/salesforce-filter.txt.

package bayeux

import (
	"halley/bayeux/channel"
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

// check says why nobody may subscribe to pattern, or nothing.
func (d *subscriptionReader) check(pattern []byte) reply.Code {
	info, err := channel.Check(pattern, d.channel)
	switch {
	case err != nil:
		return reply.SubscriptionInvalid
	case info.Kind == channel.Meta:
		return reply.SubscribeMeta
	case info.Kind == channel.Broadcast && !d.rules.Subscribable(pattern, info.Wildcard):
		return reply.SubscribeDenied
	}
	return reply.Success
}
