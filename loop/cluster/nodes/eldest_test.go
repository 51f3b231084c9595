package nodes

import (
	"fmt"
	"testing"
)

// One node at a time is the eldest. Its successor is the next one, once it is gone, drains or stands still; a node that comes is none.
func TestEldest(t *testing.T) {
	t.Parallel()
	var w world
	var all []*member
	var standing []*Seniority
	add := func() {
		m := w.join(t, uint16(1+len(all)))
		all, standing = append(all, m), append(standing, m.Seniority())
	}
	who := func() (list string) {
		for i, s := range standing {
			if !all[i].still && s.Eldest() {
				list += fmt.Sprint(i)
			}
		}
		return list
	}
	expect := func(want, when string) {
		t.Helper()
		for range 4 * beats {
			w.pass(timeout / (2 * beats))
			if got := who(); len(got) > 1 {
				t.Errorf("%s: %q are the eldest", when, got)
			}
		}
		if got := who(); got != want {
			t.Errorf("%s: %q is the eldest, want %q", when, got, want)
		}
	}
	add()
	if got := who(); got != "" {
		t.Errorf("at once: %q", got)
	}
	expect("0", "alone")
	add()
	add()
	expect("0", "others have come")
	all[0].pause(true)
	expect("1", "it stands still")
	all[0].pause(false)
	if standing[0].Eldest() {
		t.Error("it takes up what it did at once")
	}
	expect("0", "it goes on")
	all[0].Drain()
	expect("1", "it drains")
	for _, m := range all[:2] {
		m.leave()
	}
	w.net.Deliver()
	all, standing, w.nodes = all[2:], standing[2:], w.nodes[2:]
	expect("0", "the others have left") // which is the third
	if first, _ := (&Nodes{phase: claiming}).first(0); first {
		t.Error("a node that claims its number is the eldest")
	}
}
