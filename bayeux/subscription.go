package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/fanout"
	"halley/bayeux/history"
	"halley/bayeux/message"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
)

// subscription is what a message wants to subscribe to, read once: whatever it asks for
// costs by its own bytes.
type subscription struct {
	patterns [][]byte         // canonical, each once
	filters  []*fanout.Filter // of the patterns that have one, nil if none has
	cursors  cursors
	interval int64 // that it asks for, in milliseconds
	limited  bool  // it names one
}

// again finds the patterns that a session is on already and replays. All that waits for the session is looked through for
// them, so they are those alone of which something may be remembered.
func (asked *subscription) again(f *fanout.Fanout, slot uint32, book *rules.Book) (again channel.Map[bool]) {
	for _, pattern := range asked.patterns {
		if _, replays := asked.cursors.of(pattern); replays && f.Has(slot, pattern) && book.Remembers(pattern) {
			again.Set(string(pattern), true)
		}
	}
	return again
}

// wanted lists the patterns that the subscription joins by, nil if none: of those with a past, with what it wants of that.
func (asked *subscription) wanted(s *Server) (list []history.Wanted) {
	for _, pattern := range asked.patterns {
		switch {
		case isService(pattern):
		case s.rules.Remembers(pattern):
			after, given := asked.cursors.of(pattern)
			list = append(list, history.Wanted{Pattern: string(pattern), Replay: given, After: after})
		case s.cfg.Announced && !announced(s, pattern):
			list = append(list, history.Wanted{Pattern: string(pattern)})
		}
	}
	return list
}

// announced tells whether others know that somebody here wants a pattern.
func announced(s *Server, pattern []byte) bool {
	return s.fanout.Known(pattern) && s.joins[string(pattern)] == 0
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

// readInterval reads a conflate extension: an object with an interval in milliseconds.
func readInterval(raw []byte) (interval int64, named, valid bool) {
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

func isService(name []byte) bool {
	return len(name) > len(servicePrefix) && string(name[:len(servicePrefix)]) == servicePrefix
}

const servicePrefix = "/service/"

// maxAskedInterval is the longest interval that a subscription can ask for, in
// milliseconds.
const maxAskedInterval = 3_600_000

// Cursor is where an event-stream goes on.
type Cursor struct {
	After []byte // a JSON number; nil for what is live alone
	// Automatic is set where the client sends what it saw last by itself, and cannot
	// be helped by an error: it gets what is left, and hears that there is a gap.
	Automatic bool
}

// read reads the cursor. What a browser sends by itself and is none of ours counts as
// none, since an error would end its stream for good.
func (c Cursor) read() (read cursors, failure reply.Code) {
	after, valid := message.Integer(c.After)
	switch {
	case valid:
		return cursors{all: after, given: true}, reply.Success
	case len(c.After) == 0 || c.Automatic:
		return cursors{}, reply.Success
	}
	return cursors{}, reply.ReplayInvalid
}
