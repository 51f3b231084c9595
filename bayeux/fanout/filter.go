package fanout

import (
	"strconv"
	"strings"

	"halley/bayeux/event"
	"halley/bayeux/message"
)

// Filtered subscriptions of Salesforce's streaming: /topic/X?Name='a'&City='b' gets the
// events of /topic/X of which one condition is true, under the name with the filter. A
// session has one filter for a topic, or none.

// Filter is what a subscription wants of a topic's events.
type Filter struct {
	text       string // as in the subscription, with the question mark
	conditions []condition
}

// condition wants a field of data.sobject to have a value.
type condition struct{ field, value string }

const (
	maxFilter     = 1024 // bytes
	maxConditions = 10
)

// ParseFilter reads ?a='b'&c=d, nil if it is anything else. What would need an escape in
// JSON is refused: events are named by the filter.
func ParseFilter(text string) *Filter {
	if len(text) > maxFilter || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' }) {
		return nil
	}
	f := &Filter{text: text}
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

// Text is the filter as in the subscription, with the question mark.
func (f *Filter) Text() string { return f.text }

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
func (f *Filter) matches(rec *record) bool {
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
