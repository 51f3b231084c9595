package channel

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// What two patterns meet in has exactly the channels that are of both.
func TestMeet(t *testing.T) {
	t.Parallel()
	segment := rapid.SampledFrom([]string{"a", "b"})
	pattern := rapid.Custom(func(t *rapid.T) string {
		text := ""
		for range rapid.IntRange(0, 3).Draw(t, "depth") {
			text += "/" + segment.Draw(t, "segment")
		}
		end := rapid.SampledFrom([]string{"", "/*", "/**"}).Draw(t, "end")
		if text+end == "" {
			return "/a"
		}
		return text + end
	})
	var names []string // of up to five segments
	for last, depth := []string{""}, 0; depth < 5; depth++ {
		var next []string
		for _, parent := range last {
			next = append(next, parent+"/a", parent+"/b")
		}
		names, last = append(names, next...), next
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := []byte(pattern.Draw(t, "a")), []byte(pattern.Draw(t, "b"))
		both := Meet(a, b)
		if got := Meet(b, a); string(got) != string(both) {
			t.Fatalf("%s and %s meet in %s, and the other way round in %s", a, b, both, got)
		}
		for _, name := range names {
			n := []byte(name)
			if want, got := Matches(a, n) && Matches(b, n), both != nil && Matches(both, n); got != want {
				t.Fatal(fmt.Sprintf("%s and %s meet in %q: %s is of it: %t, want %t", a, b, both, n, got, want))
			}
		}
	})
}
