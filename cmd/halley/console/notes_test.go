package console

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

// The last warnings and errors are kept, short and the newest first, whatever the log itself takes; and it gets what it would have.
func TestNotes(t *testing.T) {
	var text bytes.Buffer
	notes := new(Notes)
	log := slog.New(notes.Over(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelError})))
	log.Info("nothing")
	log.With("loop", 1).Warn("careful", "why", strings.Repeat("é", maxNote))
	log.WithGroup("g").Error("wrong", "n", 2)
	list := notes.list()
	if len(list) != 2 || list[0].Text != "wrong n=2" || list[0].Level != "error" || list[1].Level != "warning" ||
		!strings.HasPrefix(list[1].Text, "careful loop=1 why=é") || len(list[1].Text) > maxNote || !utf8.ValidString(list[1].Text) {
		t.Errorf("noted %+v", list)
	}
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "msg=wrong g.n=2") {
		t.Errorf("the log has %q", got)
	}
	for i := range 3 * maxNotes {
		log.Warn(fmt.Sprint("line ", i))
	}
	if list := notes.list(); len(list) != maxNotes || list[0].Text != fmt.Sprint("line ", 3*maxNotes-1) {
		t.Errorf("%d notes, the newest %q", len(list), list[0].Text)
	}
}
