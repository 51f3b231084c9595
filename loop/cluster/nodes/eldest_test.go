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
	add := func() {
		all = append(all, w.join(t, uint16(1+len(all))))
	}
	who := func() (list string) {
		for i, m := range all {
			if !m.still && m.Eldest() {
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
	if all[0].Eldest() {
		t.Error("it takes up what it did at once")
	}
	expect("0", "it goes on")
	all[0].Drain()
	expect("1", "it drains")
	for _, m := range all[:2] {
		m.leave()
	}
	w.net.Deliver()
	all, w.nodes = all[2:], w.nodes[2:]
	expect("0", "the others have left") // which is the third
	if first := (&Nodes{phase: claiming}).first(); first {
		t.Error("a node that claims its number is the eldest")
	}
}

// A node that has been the eldest for long is so when it is asked for the first time, and so is one that has stood still, a heartbeat
// after it goes on.
func TestEldestUnasked(t *testing.T) {
	t.Parallel()
	var w world
	first, second := w.join(t, 1), w.join(t, 2)
	rounds := func(n int) {
		for range n {
			w.pass(timeout / (2 * beats))
		}
	}
	rounds(4 * beats)
	if !first.Eldest() {
		t.Error("the first is not the eldest when it is asked for the first time")
	}
	first.leave()
	w.net.Deliver()
	w.nodes = w.nodes[1:]
	rounds(4 * beats)
	if !second.Eldest() {
		t.Error("the second is not the eldest when it is asked for the first time")
	}
	second.pause(true)
	rounds(4 * beats)
	second.pause(false)
	rounds(1)
	if second.Eldest() {
		t.Error("it takes up at once what it did before it stood still")
	}
	rounds(2)
	if !second.Eldest() {
		t.Error("it does not take up what it did before it stood still")
	}
}
