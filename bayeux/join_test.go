package bayeux

import (
	"fmt"
	"testing"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
)

// Interest in a pattern lasts as long as a subscription waits for what is remembered, and
// ends once where none came of it.
func TestJoinsKeepInterest(t *testing.T) {
	s := NewServer(testConfig(), 0)
	list, fx := []history.Wanted{{Pattern: "/a"}}, new(Effects)
	kinds := func() (kinds []EffectKind) {
		for i := range fx.List {
			kinds = append(kinds, fx.List[i].Kind)
		}
		fx.Reset()
		return kinds
	}
	expect := func(what string, want ...EffectKind) {
		t.Helper()
		if got := kinds(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: effects %v, want %v", what, got, want)
		}
	}
	s.joins.begin(list, fx)
	expect("begin", AddInterest)
	s.joins.begin(list, fx)
	expect("begin again", AddInterest)
	s.joins.leave([]byte("/a"), fx)
	expect("the last subscriber leaves, others are about to come")
	s.joins.end(list, s.fanout, fx)
	expect("one is done")
	s.fanout.Subscribe(0, []byte("/a"))
	s.joins.end(list, s.fanout, fx)
	expect("the last is done, and subscribes")
	s.joins.leave([]byte("/a"), fx)
	expect("the last subscriber leaves", RemoveInterest)
	s.fanout.Leave(0, nil)
	s.joins.begin(list, fx)
	s.joins.end(list, s.fanout, fx)
	expect("nothing comes of it", AddInterest, RemoveInterest)
	if len(s.joins) != 0 {
		t.Errorf("%v are left", s.joins)
	}
}

// A replay brings again what its patterns match, of channels with a history.
func TestRecallable(t *testing.T) {
	book := rules.NewBook(rulesOf(t, testConfig(), "/h/** history=10"))
	var patterns channel.Map[bool]
	patterns.Set("/h/*", true)
	patterns.Set("/a", true)
	is := recallable(&patterns, &book)
	for name, want := range map[string]bool{"/h/1": true, "/h/1/2": false, "/a": false, "/b": false} {
		if got := is(event.New([]byte(name), nil, false)); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
