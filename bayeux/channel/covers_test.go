package channel

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		pattern, other string
		covers         bool
	}{
		{"/a", "/a", true}, {"/a", "/b", false}, {"/a", "/a/*", false}, {"/a", "/*", false},
		{"/*", "/a", true}, {"/*", "/*", true}, {"/*", "/**", false}, {"/*", "/a/*", false},
		{"/a/*", "/a/b", true}, {"/a/*", "/a", false}, {"/a/*", "/a/*", true}, {"/a/*", "/a/**", false}, {"/a/*", "/ab/*", false},
		{"/a/**", "/a", false}, {"/a/**", "/a/*", true}, {"/a/**", "/a/**", true}, {"/a/**", "/a/b/**", true}, {"/a/**", "/ab/**", false},
		{"/a/**", "/**", false}, {"/a/**", "/*", false}, {"/**", "/**", true}, {"/**", "/*", true}, {"/**", "/a/b/*", true},
	} {
		if got := Covers([]byte(c.pattern), []byte(c.other)); got != c.covers {
			t.Errorf("%s covers %s: %t", c.pattern, c.other, got)
		}
	}
}

// A pattern covers another if it matches all that the other matches, of names with a segment more than
// patterns have and one that no pattern names.
func TestCoversAgainstEnumeration(t *testing.T) {
	var names []string
	level := []string{""}
	for range 5 {
		var next []string
		for _, parent := range level {
			for _, segment := range []string{"a", "b", "ab", "new"} {
				next = append(next, parent+"/"+segment)
			}
		}
		names, level = append(names, next...), next
	}
	segments := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab"}), 0, 3)
	drawn := func(t *rapid.T, label string) []byte {
		parts := segments.Draw(t, label)
		if end := rapid.SampledFrom([]string{"", "*", "**"}).Draw(t, label+"'s end"); end != "" || len(parts) == 0 {
			parts = append(parts, max(end, "*"))
		}
		return []byte("/" + strings.Join(parts, "/"))
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern, other := drawn(t, "pattern"), drawn(t, "other")
		want := true
		for _, name := range names {
			want = want && (!Matches(other, []byte(name)) || Matches(pattern, []byte(name)))
		}
		if got := Covers(pattern, other); got != want {
			t.Fatalf("%s covers %s: %t", pattern, other, got)
		}
	})
}
