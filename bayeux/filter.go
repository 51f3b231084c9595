package bayeux

import (
	"bytes"
	"strconv"
	"strings"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// Filtered subscriptions of Salesforce's streaming: /topic/X?Name='a'&City='b' gets the
// events of /topic/X of which one condition is true, under the name with the filter. A
// session has one filter for a topic, or none.

// filter is what a subscription wants of a topic's events.
type filter struct {
	text       string // as in the subscription, with the question mark
	conditions []condition
}

// condition wants a field of data.sobject to have a value.
type condition struct{ field, value string }

const (
	maxFilter     = 1024 // bytes
	maxConditions = 10
	topicPrefix   = "/topic/"
)

// splitFilter takes the filter off a pattern, if it is one of Salesforce's topics with
// one. A filter that is nil but not valid is none that can be read.
func (s *Server) splitFilter(pattern []byte) (topic []byte, f *filter, valid bool) {
	at := bytes.IndexByte(pattern, '?')
	if !s.terms.Salesforce || at < 0 || !bytes.HasPrefix(pattern, []byte(topicPrefix)) {
		return pattern, nil, true
	}
	topic = channel.Canonical(pattern[:at])
	if f = parseFilter(string(pattern[at:])); f == nil || bytes.IndexByte(topic, '*') >= 0 {
		return topic, nil, false
	}
	return topic, f, true
}

// parseFilter reads ?a='b'&c=d, nil if it is anything else. What would need an escape in
// JSON is refused: events are named by the filter.
func parseFilter(text string) *filter {
	if len(text) > maxFilter || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' }) {
		return nil
	}
	f := &filter{text: text}
	for rest := text; rest != ""; {
		name, after, _ := strings.Cut(rest[1:], "=")
		c := condition{field: name}
		if quoted, ok := strings.CutPrefix(after, "'"); ok {
			if c.value, rest, ok = strings.Cut(quoted, "'"); !ok {
				return nil
			}
		} else {
			end := strings.IndexByte(after+"&", '&')
			if c.value, rest = after[:end], after[end:]; c.value == "" || strings.Contains(c.value, "'") {
				return nil
			}
		}
		if f.conditions = append(f.conditions, c); !isField(name) || rest != "" && rest[0] != '&' || len(f.conditions) > maxConditions {
			return nil
		}
	}
	return f
}

// isField tells whether name can be that of a field of a record.
func isField(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_')
	})
}

// record is the fields of the record of an event, read once for all sessions that filter it.
type record struct {
	of     event.Event
	fields map[string][][]byte // JSON values by name
}

func readRecord(e event.Event) record {
	rec := record{of: e, fields: make(map[string][][]byte)}
	message.Each(message.Get([]byte(e.Data()), "sobject"), func(name, value []byte) bool {
		rec.fields[string(name)] = append(rec.fields[string(name)], value)
		return true
	})
	return rec
}

// matches tells whether one condition is true of a record.
func (f *filter) matches(rec *record) bool {
	for _, c := range f.conditions {
		for _, value := range rec.fields[c.field] {
			if hasValue(value, c.value) {
				return true
			}
		}
	}
	return false
}

// longestValue is the longest JSON value that is compared with a condition's, each of
// whose bytes may stand there as an escape of six.
const longestValue = 6*maxFilter + 2

// hasValue tells whether a JSON value is the one that a condition names.
func hasValue(raw []byte, want string) (same bool) {
	if len(raw) > longestValue {
		return false
	}
	if raw[0] == '"' {
		message.Strings(raw, func(text []byte) bool { same = string(text) == want; return true })
		return same
	}
	if string(raw) == want {
		return true
	}
	a, err := strconv.ParseFloat(string(raw), 64)
	b, other := strconv.ParseFloat(want, 64)
	return err == nil && other == nil && a == b
}

// readFilters takes the filters off the patterns that have one.
func (s *Server) readFilters(asked *subscription) (failure reply.Code) {
	var topics map[string]bool // of the patterns so far, and of those without a filter
	for i, pattern := range asked.patterns {
		topic, f, valid := s.splitFilter(pattern)
		switch {
		case !valid:
			return reply.FilterInvalid
		case f == nil:
			continue
		case asked.filters == nil:
			asked.filters = make([]*filter, len(asked.patterns))
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
func (s *Server) filterFailure(slot uint32, asked *subscription) reply.Code {
	if !s.terms.Salesforce {
		return reply.Success
	}
	for i, topic := range asked.patterns {
		if !s.table.Has(channel.Subscriber(slot), topic) {
			continue
		}
		has, wants := "", ""
		if f := s.filters[slot][string(topic)]; f != nil {
			has = f.text
		}
		if asked.filters != nil && asked.filters[i] != nil {
			wants = asked.filters[i].text
		}
		if has != wants {
			return reply.FilterOther
		}
	}
	return reply.Success
}

// noteFilter has a session get only what f lets through of a topic.
func (s *Server) noteFilter(slot uint32, r *session, topic []byte, f *filter) {
	if s.filters[slot] == nil {
		s.filters[slot] = make(map[string]*filter)
	}
	s.filters[slot][string(topic)], r.filtered = f, true
}

// forgetFilter takes back noteFilter.
func (s *Server) forgetFilter(slot uint32, r *session, topic []byte) {
	if delete(s.filters[slot], string(topic)); len(s.filters[slot]) == 0 {
		delete(s.filters, slot)
		r.filtered = false
	}
}

// sift is e as its session's filter lets it through; false means that it does not.
func (s *Server) sift(slot uint32, r *session, e event.Event) (event.Event, bool) {
	if !r.filtered {
		return e, true
	}
	f := s.filters[slot][e.Channel()]
	if f == nil {
		return e, true
	}
	if s.Spend(1); s.record.of != e {
		s.Read(len(e))
		s.record = readRecord(e)
	}
	if !f.matches(&s.record) {
		return e, false
	}
	return e.Filtered(f.text), true
}
