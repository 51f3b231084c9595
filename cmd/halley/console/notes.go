package console

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// Notes keep the last warnings and errors of a log, for the console.
type Notes struct {
	mu   sync.Mutex
	last []note // the oldest first
}

// note is a line of the log.
type note struct {
	At    int64  `json:"at"` // milliseconds since 1970
	Level string `json:"level"`
	Text  string `json:"text"`
}

const (
	maxNotes = 30
	maxNote  = 400 // bytes
)

// Over is a handler that hands everything on to next, and notes warnings and errors, whatever next takes.
func (n *Notes) Over(next slog.Handler) slog.Handler { return notable{notes: n, next: next} }

// list is what was noted, the newest first.
func (n *Notes) list() []note {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]note, 0, len(n.last))
	for i := len(n.last) - 1; i >= 0; i-- {
		list = append(list, n.last[i])
	}
	return list
}

func (n *Notes) add(one note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.last) == maxNotes {
		copy(n.last, n.last[1:])
		n.last = n.last[:maxNotes-1]
	}
	n.last = append(n.last, one)
}

// notable is the handler of Notes.
type notable struct {
	notes *Notes
	next  slog.Handler
	attrs string // that every line has, as text
}

// Enabled implements slog.Handler, as the others do.
func (h notable) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.next.Enabled(ctx, level)
}

// Handle notes what is serious and hands it on.
func (h notable) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		h.notes.add(h.noteOf(r))
	}
	if !h.next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

func (h notable) noteOf(r slog.Record) note {
	var text strings.Builder
	text.WriteString(r.Message)
	text.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&text, a)
		return text.Len() < maxNote
	})
	level := "warning"
	if r.Level >= slog.LevelError {
		level = "error"
	}
	return note{r.Time.UnixMilli(), level, strings.ToValidUTF8(text.String()[:min(text.Len(), maxNote)], "")}
}

func appendAttr(text *strings.Builder, a slog.Attr) { fmt.Fprintf(text, " %s=%v", a.Key, a.Value) }

// WithAttrs adds to what every line has.
func (h notable) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&text, a)
	}
	return notable{h.notes, h.next.WithAttrs(attrs), text.String()}
}

// WithGroup names what follows for next alone.
func (h notable) WithGroup(name string) slog.Handler {
	return notable{h.notes, h.next.WithGroup(name), h.attrs}
}
