package hops

import (
	"fmt"
	"testing"

	"halley/bayeux/event"
)

// A message is published once, unless it has been here or has passed too many servers.
func TestAdmit(t *testing.T) {
	n, other := New(nil), New(all)
	if n.Node() == other.Node() || len(n.Node()) != event.NodeID || !n.Mark([]byte("/a")).IsZero() || !other.Mark([]byte("/b")).IsZero() {
		t.Fatalf("%q, %q, %+v", n.Node(), other.Node(), n.Mark([]byte("/a")))
	}
	first, second := other.Mark([]byte("/a")), other.Mark([]byte("/a"))
	over := event.Trail{}
	for i := range event.MaxHops + 1 {
		over = over.Past(fmt.Sprintf("%016x", i))
	}
	for _, step := range []struct {
		trail         event.Trail
		channel, data string
		want          bool
	}{
		{first, "/a", "1", true},
		{first, "/a", "1", false},
		{first.Past(New(nil).Node()), "/a", "1", false},
		{first, "/a", "2", true}, // a forged number takes nothing away
		{first, "/b", "1", true},
		{second, "/a", "1", true},
		{second.Past(n.Node()), "/a", "3", false},
		{n.Number(event.Trail{}), "/a", "3", false},
		{over, "/a", "4", false},
		{event.Trail{Via: []string{other.Node()}}, "/a", "1", true},
		{event.Trail{Via: []string{other.Node()}}, "/a", "1", true}, // has no number to be known by
	} {
		if got := n.Admit(step.trail, []byte(step.channel), []byte(step.data)); got != step.want {
			t.Errorf("%+v: %t", step, got)
		}
	}
	if got := n.Figures().Drops; got.Returned != 2 || got.Doubled != 2 || got.Hops != 1 {
		t.Errorf("%+v", got)
	}
}

func all(channel []byte) bool { return string(channel) == "/a" }

// What is remembered is bounded: the oldest is forgotten.
func TestRemembered(t *testing.T) {
	n, other := New(nil), New(all)
	first := other.Mark([]byte("/a"))
	n.Admit(first, nil, nil)
	for range remembered {
		last := other.Mark([]byte("/a"))
		if n.Admit(last, nil, nil); n.Admit(last, nil, nil) {
			t.Fatal("the last one is not known")
		}
	}
	if len(n.seen) != remembered || len(n.order) != remembered || !n.Admit(first, nil, nil) {
		t.Errorf("%d and %d are kept", len(n.seen), len(n.order))
	}
}
