package sequence

import (
	"slices"
	"testing"

	"halley/bayeux/event"
)

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
