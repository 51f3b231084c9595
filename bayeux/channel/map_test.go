package channel

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMapAgainstMatches compares what Each visits with what Matches says of each pattern.
func TestMapAgainstMatches(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "ab"})
	name := rapid.Custom(func(t *rapid.T) string {
		text := ""
		for range rapid.IntRange(1, 4).Draw(t, "segments") {
			text += "/" + segment.Draw(t, "segment")
		}
		return text + rapid.SampledFrom([]string{"", "", "/*", "/**"}).Draw(t, "wildcard")
	})
	rapid.Check(t, func(t *rapid.T) {
		var m Map[string]
		patterns := rapid.SliceOfDistinct(name, func(s string) string { return s }).Draw(t, "patterns")
		for _, p := range patterns {
			m.Set(p, p)
		}
		for len(patterns) > 0 && rapid.Bool().Draw(t, "delete") {
			m.Delete([]byte(patterns[0]))
			patterns = patterns[1:]
		}
		at := name.Draw(t, "name")
		var want, got []string
		for _, p := range patterns {
			if Matches([]byte(p), []byte(at)) {
				want = append(want, p)
			}
		}
		m.Each([]byte(at), func(p string) bool { got = append(got, p); return true })
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || m.Len() != len(patterns) {
			t.Fatalf("%s is matched by %v of %d, want %v of %d", at, got, m.Len(), want, len(patterns))
		}
	})
}

func TestMap(t *testing.T) {
	var m Map[int]
	m.Each([]byte("/a"), func(int) bool { t.Error("an empty map has something"); return true })
	m.Set("/a/*", 1)
	m.Set("/**", 2)
	visited := 0
	m.Each([]byte("/a/b"), func(int) bool { visited++; return false })
	if visited != 1 {
		t.Errorf("visited %d after the first said to stop", visited)
	}
	if v, known := m.Get([]byte("/a/*")); !known || v != 1 {
		t.Errorf("got %d, %t", v, known)
	}
	name := []byte("/a/b/c/d")
	if n := testing.AllocsPerRun(100, func() { m.Each(name, func(int) bool { return true }) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
