package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/fanout"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// subscription is what a message wants to subscribe to, read once: whatever it asks for
// costs by its own bytes.
type subscription struct {
	patterns [][]byte         // canonical, each once
	filters  []*fanout.Filter // of the patterns that have one, nil if none has
	cursors  cursors
	interval int64 // that it asks for, in milliseconds
	paced    bool  // it names one
}

// readSubscription reads what m asks for. It is valid until the next message is read.
func (s *Server) readSubscription(m *message.Message) (asked subscription, failure reply.Code) {
	asked.patterns, failure = s.readPatterns(m.Subscription)
	if !failure.Failed() && len(asked.patterns) > s.cfg.MaxSubscriptions {
		failure = reply.SubscriptionsFull
	}
	if !failure.Failed() {
		failure = s.readFilters(&asked)
	}
	if failure.Failed() {
		return asked, failure
	}
	valid := true
	if asked.cursors, valid = readCursors(message.Get(m.Ext, "replay")); !valid {
		return asked, reply.ReplayInvalid
	}
	if failure := s.missingCursor(&asked); failure.Failed() {
		return asked, failure
	}
	if asked.interval, asked.paced, valid = readPace(message.Get(m.Ext, "conflate")); !valid {
		return asked, reply.ConflateInvalid
	}
	return asked, reply.Success
}

// readPatterns reads a subscription field: its patterns, each once. Whether they are
// valid is not looked at.
func (s *Server) readPatterns(raw []byte) (list [][]byte, failure reply.Code) {
	if s.repeated.Len() > 0 {
		s.repeated = channel.Map[bool]{}
	}
	list = s.patterns[:0]
	ok := message.Strings(raw, func(name []byte) bool {
		if pattern := channel.Canonical(name); !s.repeats(list, pattern) {
			list = append(list, pattern)
		}
		return true
	})
	s.Spend(patternWork * len(list))
	if s.patterns = list; cap(list) > maxPatterns {
		s.patterns = nil
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
func (s *Server) repeats(list [][]byte, pattern []byte) bool {
	if len(list) < fewPatterns {
		for _, p := range list {
			if string(p) == string(pattern) {
				return true
			}
		}
		return false
	}
	if s.repeated.Len() == 0 {
		for _, p := range list {
			s.repeated.Set(string(p), true)
		}
	}
	_, known := s.repeated.Get(pattern)
	if !known {
		s.repeated.Set(string(pattern), true)
	}
	return known
}

// cursors are what a replay extension asks for: one number for all patterns, or some
// by pattern.
type cursors struct {
	all   int64
	given bool
	by    map[string]int64
}

// readCursors reads a replay extension: a number, or an object of them by pattern.
func readCursors(raw []byte) (c cursors, valid bool) {
	if isAbsent(raw) {
		return c, true
	}
	if raw[0] != '{' {
		c.all, c.given = message.Integer(raw)
		return c, c.given
	}
	c.by, valid = make(map[string]int64), true
	message.Each(raw, func(name, value []byte) bool {
		if isAbsent(value) {
			return true
		}
		var n int64
		n, valid = message.Integer(value)
		c.by[string(channel.Canonical(name))] = n
		return valid
	})
	return c, valid
}

// of returns the cursor for a pattern.
func (c *cursors) of(pattern []byte) (after int64, given bool) {
	if c.given {
		return c.all, true
	}
	after, given = c.by[string(pattern)]
	return after, given
}

// readPace reads a conflate extension: an object with an interval in milliseconds.
func readPace(raw []byte) (interval int64, paced, valid bool) {
	if isAbsent(raw) {
		return 0, false, true
	}
	value := message.Get(raw, "interval")
	if raw[0] == '{' && isAbsent(value) {
		return 0, false, true
	}
	interval, valid = message.Integer(value)
	return min(max(interval, 0), maxAskedInterval), valid, valid
}

// isAbsent tells whether a value is missing or null.
func isAbsent(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }
