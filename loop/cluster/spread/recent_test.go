package spread

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What is known of channels agrees with a list of all messages: the message before on a channel, or one that cannot be after it;
// and digests say each channel's last number where nothing has followed it, or that something is forgotten.
func TestRecentAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 4).Draw(t, "most")
		r := newRecent(most)
		last, heard := make(map[string]uint64), make(map[string]uint64)
		number, checked, holes := uint64(0), uint64(0), 0
		t.Repeat(map[string]func(*rapid.T){
			"use": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{"/a", "/b", "/c", "/d", "/e", "/f"}).Draw(t, "name")
				number++
				subject, before := r.use(name, number, func(s string) string { return "x" + s })
				if subject != "x"+name || before.number < last[name] || !before.most && before.number != last[name] {
					t.Fatalf("%s after %d: %+v", subject, last[name], before)
				}
				last[name] = number
			},
			"say": func(t *rapid.T) {
				upto := number - uint64(rapid.IntRange(0, int(min(number, 3))).Draw(t, "back"))
				list, from, to := r.say(upto, rapid.IntRange(1, 3).Draw(t, "at most"), 1000)
				if from > checked {
					holes++
				}
				for _, l := range list {
					if l.number <= from || l.number > to || last[l.channel] != l.number {
						t.Fatalf("says %+v from %d to %d, of %v", l, from, to, last)
					}
					heard[l.channel] = l.number
				}
				for name, n := range last {
					if n > from && n <= to && heard[name] != n {
						t.Fatalf("says nothing of %s at %d, from %d to %d", name, n, from, to)
					}
				}
				if to < checked {
					t.Fatalf("goes back from %d to %d", checked, to)
				}
				checked = to
			},
			"": func(t *rapid.T) {
				if len(r.index) > most || len(r.nodes) > most+1 {
					t.Fatalf("%d channels, %d nodes", len(r.index), len(r.nodes))
				}
				if len(last) <= most && holes > 0 {
					t.Fatalf("something is forgotten of %v", slices.Collect(maps.Keys(last)))
				}
			},
		})
	})
}

// A channel that is known takes no allocation.
func TestRecentAllocations(t *testing.T) {
	r, number := newRecent(100), uint64(0)
	use := func() {
		number++
		r.use("/a", number, func(string) string { return "x" })
	}
	if n := testing.AllocsPerRun(100, use); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A digest takes what fits, and goes on from there.
func TestDigestsOfMany(t *testing.T) {
	t.Parallel()
	r := newRecent(1000)
	for n := range uint64(100) {
		r.use(fmt.Sprintf("/channel/%02d", n), n+1, func(string) string { return "" })
	}
	said, rounds := uint64(0), 0
	for ; said < 100; rounds++ {
		list, from, to := r.say(100, 1000, 10*(len("/channel/00")+lastCost))
		if from != said || to != said+10 || len(list) != 10 {
			t.Fatalf("%d from %d to %d", len(list), from, to)
		}
		said = to
	}
	if list, from, to := r.say(100, 1000, 1000); len(list) > 0 || from != 100 || to != 100 || rounds != 10 {
		t.Errorf("%v from %d to %d after %d rounds", list, from, to, rounds)
	}
}
