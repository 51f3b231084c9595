package channel

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is the table as anyone would write it first: a set of pairs, searched from end to end.
type model map[Subscriber]map[string]bool

func (m model) subscribers(pattern string) (n int) {
	for _, patterns := range m {
		if patterns[pattern] {
			n++
		}
	}
	return n
}

func (m model) match(name string) (found []Subscriber) {
	for s, patterns := range m {
		for p := range patterns {
			if matches(p, name) {
				found = append(found, s)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// matches compares segment by segment: * is one, ** is one or more, and neither sees meta and service channels.
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	ps, ns := strings.Split(pattern, "/")[1:], strings.Split(name, "/")[1:]
	if ns[0] == "meta" || ns[0] == "service" {
		return false
	}
	before := len(ps) - 1
	switch last := ps[before]; {
	case last == "*" && len(ns) != len(ps), last == "**" && len(ns) < len(ps), last != "*" && last != "**":
		return false
	}
	return slices.Equal(ps[:before], ns[:before])
}

func TestTheModelMatchesAsTheProtocolSays(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"/a", "/a", true}, {"/a", "/A", false}, {"/a", "/a/b", false},
		{"/*", "/a", true}, {"/*", "/a/b", false}, {"/**", "/a", true}, {"/**", "/a/b/c", true},
		{"/a/*", "/a", false}, {"/a/*", "/a/b", true}, {"/a/*", "/a/b/c", false}, {"/a/*", "/b/b", false},
		{"/a/**", "/a", false}, {"/a/**", "/a/b", true}, {"/a/**", "/a/b/c", true}, {"/a/**", "/ab/c", false},
		{"/a/b*", "/a/bc", false}, {"/a/b*", "/a/b*", true},
		{"/**", "/meta/connect", false}, {"/*", "/meta", false}, {"/meta/**", "/meta/connect", false},
		{"/**", "/service/x", false}, {"/service/*", "/service/x", false}, {"/service/x", "/service/x", true},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("matches(%q, %q) = %v", c.pattern, c.name, got)
		}
		table := NewTable(4)
		table.Subscribe(1, []byte(c.pattern))
		if got := len(table.Match([]byte(c.name))) == 1; got != c.want {
			t.Errorf("table: %q on %q = %v", c.pattern, c.name, got)
		}
	}
}

var (
	segments = rapid.SampledFrom([]string{"a", "b", "a*", "meta", "service"})
	tails    = rapid.SampledFrom([]string{"", "/*", "/**"})
)

func drawName(t *rapid.T, label string) string {
	return "/" + strings.Join(rapid.SliceOfN(segments, 1, 4).Draw(t, label), "/")
}

func drawPattern(t *rapid.T) string {
	head := rapid.SliceOfN(segments, 0, 3).Draw(t, "head")
	tail := tails.Draw(t, "tail")
	if len(head) == 0 && tail == "" {
		tail = "/*"
	}
	pattern := tail
	if len(head) > 0 {
		pattern = "/" + strings.Join(head, "/") + tail
	}
	return pattern
}

// twins is the table and its model, driven side by side.
type twins struct {
	table *Table
	model model
}

func (w *twins) subscribe(t *rapid.T) {
	s, p := drawSubscriber(t), drawPattern(t)
	want := Change{Changed: !w.model[s][p], Edge: w.model.subscribers(p) == 0}
	if w.model[s] == nil {
		w.model[s] = map[string]bool{}
	}
	w.model[s][p] = true
	given := []byte(p)
	if got := w.table.Subscribe(s, given); got != want {
		t.Fatalf("Subscribe(%d, %q) = %+v, want %+v", s, p, got, want)
	}
	clear(given) // the table must have kept a copy
}

// burst fills the table: few subscribers, so that some go past the number up to which theirs are counted one by one.
func (w *twins) burst(t *rapid.T) {
	for range rapid.SampledFrom([]int{2 * few, 2 * walked}).Draw(t, "new") {
		w.subscribe(t)
	}
}

func (w *twins) unsubscribe(t *rapid.T) {
	s, p := drawSubscriber(t), drawPattern(t)
	had := w.model[s][p]
	delete(w.model[s], p)
	want := Change{Changed: had, Edge: had && w.model.subscribers(p) == 0}
	if got := w.table.Unsubscribe(s, []byte(p)); got != want {
		t.Fatalf("Unsubscribe(%d, %q) = %+v, want %+v", s, p, got, want)
	}
}

func (w *twins) unsubscribeAll(t *rapid.T) {
	s := drawSubscriber(t)
	var want, got []string
	patterns := w.model[s]
	delete(w.model, s)
	for p := range patterns {
		if w.model.subscribers(p) == 0 {
			want = append(want, p)
		}
	}
	w.table.UnsubscribeAll(s, func(p []byte) {
		if w.table.Known(p) {
			t.Fatalf("%q is reported as left, and known", p)
		}
		got = append(got, string(p))
	})
	same(t, "edges", got, want)
}

func (w *twins) match(t *rapid.T) {
	name := drawName(t, "name")
	same(t, "Match "+name, w.table.Match([]byte(name)), w.model.match(name))
}

// check compares everything that can be asked.
func (w *twins) check(t *rapid.T) {
	want, got := map[string]int{}, map[string]int{}
	for s, patterns := range w.model {
		if n := w.table.Count(s); n != len(patterns) {
			t.Fatalf("Count(%d) = %d, want %d", s, n, len(patterns))
		}
		name := drawName(t, "covered")
		var listed, expected, own []string
		w.table.Of(s, func(p []byte) bool { own = append(own, string(p)); return true })
		same(t, "Of", own, slices.Collect(maps.Keys(patterns)))
		w.table.Covering(s, []byte(name), func(p []byte) bool { listed = append(listed, string(p)); return true })
		for p := range patterns {
			want[p]++
			if matches(p, name) {
				expected = append(expected, p)
			}
			if !w.table.Has(s, []byte(p)) || !w.table.Known([]byte(p)) {
				t.Fatalf("%d is on %q: Has or Known says no", s, p)
			}
		}
		same(t, "Covering "+name, listed, expected)
	}
	w.table.Patterns(func(p []byte, n int) { got[string(p)] += n })
	if len(got) != len(want) {
		t.Fatalf("Patterns: %v, want %v", got, want)
	}
	for p, n := range want {
		if got[p] != n || w.table.Subscribers([]byte(p)) != n {
			t.Fatalf("Patterns and Subscribers: %d and %d on %q, want %d", got[p], w.table.Subscribers([]byte(p)), p, n)
		}
	}
	s, p := drawSubscriber(t), drawPattern(t)
	if w.table.Has(s, []byte(p)) != w.model[s][p] || w.table.Known([]byte(p)) != (w.model.subscribers(p) > 0) || w.table.Subscribers([]byte(p)) != w.model.subscribers(p) {
		t.Fatalf("Has(%d, %q), Known or Subscribers", s, p)
	}
}

func drawSubscriber(t *rapid.T) Subscriber {
	return Subscriber(rapid.Uint32Range(0, 3).Draw(t, "subscriber"))
}

// same compares two sets that are listed in any order; a double is a difference.
func same[E ~string | ~uint32](t *rapid.T, what string, got, want []E) {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestTableBehavesAsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cacheSize := rapid.IntRange(0, 16).Draw(t, "cache size")
		w := &twins{NewTable(cacheSize), model{}}
		t.Repeat(map[string]func(*rapid.T){
			"subscribe":      w.subscribe,
			"burst":          w.burst,
			"unsubscribe":    w.unsubscribe,
			"unsubscribeAll": w.unsubscribeAll,
			"match":          w.match,
			"fit":            func(*rapid.T) { w.table = w.table.Fitted() },
			"match again":    w.match,
			"":               w.check,
		})
	})
}
