// Proved by TestQuestions and TestCacheAnswersItsOwnQuestionsAlone.

package hook

import (
	"encoding/json"
	"net"
	"slices"
	"strings"

	"halley/bayeux"
)

// version is that of the form of questions and answers. A field may be added to a form, none changes its meaning.
const version = 1

// question is what is posted.
type question struct {
	Version   int               `json:"version"`
	Operation string            `json:"operation"`
	Channel   string            `json:"channel,omitempty"`
	Patterns  []string          `json:"patterns,omitempty"`
	Ext       json.RawMessage   `json:"ext,omitempty"`
	Subject   string            `json:"subject,omitempty"`  // as an earlier answer said
	Claims    json.RawMessage   `json:"claims,omitempty"`   // likewise
	Identity  string            `json:"identity,omitempty"` // of its token or certificate
	Address   string            `json:"address,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
}

// encode is the body of a question, with those header fields that are named. Questions with the same body are the same.
func encode(q *bayeux.Question, names []string) ([]byte, error) {
	kept := grants(q.Claims)
	b := question{
		Version:   version,
		Operation: nameOf(q.Operation),
		Channel:   string(q.Channel),
		Ext:       q.Ext,
		Subject:   kept.subject(),
		Claims:    json.RawMessage(kept.claims()),
	}
	for _, p := range q.Patterns {
		b.Patterns = append(b.Patterns, string(p))
	}
	if c := q.Caller; c != nil {
		b.Identity, b.Address = c.Identity, c.Address
		if host, _, err := net.SplitHostPort(c.Address); err == nil {
			b.Address = host
		}
		b.Headers = headers(c.Fields, names)
	}
	return json.Marshal(b)
}

// headers are header fields by their names in small letters, of all that are known those that are named. Several lines are
// one, as in HTTP.
func headers(fields []bayeux.Field, names []string) map[string]string {
	var all map[string]string
	for _, f := range fields {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			continue // another authority's
		}
		name := strings.ToLower(f.Name)
		before, more := all[name]
		switch {
		case all == nil:
			all = map[string]string{name: f.Value}
		case !more:
			all[name] = f.Value
		case name == "cookie":
			all[name] = before + "; " + f.Value
		default:
			all[name] = before + ", " + f.Value
		}
	}
	return all
}
