package sequence

import (
	"slices"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/history"
)

// A smaller queue gets smaller parts of a replay, a larger one larger ones.
func TestSetQueue(t *testing.T) {
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/a history=100"))
	for range 100 {
		l.publish("/a", "1")
	}
	for _, messages := range []int{40, 8, 400} {
		l.SetQueue(history.Part{Messages: messages, Bytes: 1 << 20})
		want := min(100, messages/4)
		for _, part := range []Part{First, Next} {
			l.Recall(Query{Part: part, Wanted: []history.Wanted{{Pattern: "/a", Replay: true, After: history.Earliest}}})
			letters := m.take()
			if got := len(letters[len(letters)-1].past.Entries); got != want {
				t.Errorf("of %d messages part %v has %d", messages, part, got)
			}
		}
	}
}

// Other rules drop what they do not keep, which has the file written anew. An event that waits for the file meanwhile, and is
// remembered by the rules that it came by, goes with the next look.
func TestSetRules(t *testing.T) {
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/a history=10", "/b history=10"))
	for range 3 {
		l.publish("/a", "1")
		l.publish("/b", "1")
	}
	p := new(paper)
	l.file = p
	l.Publish(event.New([]byte("/a"), []byte("2"), false), l.rulesOf("/a"), func(error) {})
	l.SetRules(rulesOf(t, "/b history=2"))
	p.answer(nil)
	if u := l.Usage(); u.Dropped != 4 || u.Events != 3 || len(l.remembered("/b")) != 2 {
		t.Errorf("%+v", u)
	}
	l.lookAfter()
	if u := l.Usage(); u.Dropped != 5 || u.Events != 2 {
		t.Errorf("after the next look: %+v", u)
	}
	if want := []string{"compact", "compact", "look after"}; !slices.Equal(p.noted, want) {
		t.Errorf("noted %v, want %v", p.noted, want)
	}
	l.SetRules(rulesOf(t, "/b history=2"))
	l.lookAfter()
	if want := 4; len(p.noted) != want {
		t.Errorf("noted %v though nothing was dropped", p.noted)
	}
}
