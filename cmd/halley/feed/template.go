// Proved by TestTemplate.

package feed

import (
	"errors"
	"fmt"
	"strings"
)

// part of a template: text, or a column.
type part struct {
	text   string
	column int // -1 for text
}

// parseTemplate reads a channel name in which {name} stands for a column.
// A brace that is never closed is text.
func parseTemplate(s string, names []string) ([]part, error) {
	if s == "" {
		return nil, errors.New("say where to publish, for example /stock/{symbol}")
	}
	var parts []part
	for s != "" {
		text, rest, ok := strings.Cut(s, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return append(parts, part{s, -1}), nil
		}
		column := index(names, name)
		if column < 0 {
			return nil, fmt.Errorf("the file has no column %q, only %s", name, strings.Join(names, ", "))
		}
		if text != "" {
			parts = append(parts, part{text, -1})
		}
		parts = append(parts, part{"", column})
		s = after
	}
	return parts, nil
}

// expand makes the channel of a row.
func expand(parts []part, record []string) string {
	if len(parts) == 1 && parts[0].column < 0 {
		return parts[0].text
	}
	var b strings.Builder
	for _, p := range parts {
		if p.column < 0 {
			b.WriteString(p.text)
		} else {
			b.WriteString(record[p.column])
		}
	}
	return b.String()
}
