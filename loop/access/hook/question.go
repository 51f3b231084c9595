// Proved by TestQuestions and TestCacheAnswersItsOwnQuestionsAlone.

package hook

import (
	"encoding/json"
	"net"
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

// encode is the body of a question. Questions with the same body are the same.
func encode(q *bayeux.Question) ([]byte, error) {
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
		b.Headers = headers(c.Fields)
	}
	return json.Marshal(b)
}

// headers are header fields by their names in small letters. Several lines are one, as in HTTP.
func headers(fields []bayeux.Field) map[string]string {
	if len(fields) == 0 {
		return nil
	}
	all := make(map[string]string, len(fields))
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		before, more := all[name]
		switch {
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
