package channel

import (
	"slices"
	"testing"
)

// walk lists the wildcards of a name.
func walk(name string) (patterns []string) {
	for w := WildcardsOf([]byte(name)); ; {
		pattern, more := w.Append(nil)
		if !more {
			return patterns
		}
		patterns = append(patterns, string(pattern))
	}
}

// Each wildcard matches the name, the narrowest comes first, and there is no other.
func TestWildcards(t *testing.T) {
	for name, want := range map[string][]string{
		"":       nil,
		"/a":     {"/*", "/**"},
		"/a/b":   {"/a/*", "/a/**", "/**"},
		"/a/b/*": {"/a/b/*", "/a/b/**", "/a/**", "/**"},
	} {
		got := walk(name)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		for _, pattern := range got {
			if !Matches([]byte(pattern), []byte(name)) {
				t.Errorf("%s does not match %s", pattern, name)
			}
		}
	}
}

// The walk has ended for good, and takes no memory of its own, also where the patterns are
// built in the place of the name.
func TestWildcardsEnd(t *testing.T) {
	w := WildcardsOf([]byte("/a"))
	for range 2 {
		if _, more := w.Append(nil); !more {
			t.Error("it ends too early")
		}
	}
	for range 2 {
		if pattern, more := w.Append(nil); more {
			t.Errorf("%s comes after the end", pattern)
		}
	}
	name := []byte("/a/b/c/d")
	if n := testing.AllocsPerRun(100, func() {
		key := append(make([]byte, 0, 64), name...)
		w := WildcardsOf(key)
		for more := true; more; {
			key, more = w.Append(key[:0])
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMapEach(b *testing.B) {
	var m Map[int]
	m.Set("/stock/**", 1)
	m.Set("/stock/US/*", 2)
	name := []byte("/stock/US/SPY")
	b.ReportAllocs()
	for b.Loop() {
		m.Each(name, func(int) bool { return true })
	}
}
