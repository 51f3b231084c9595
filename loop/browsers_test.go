package loop

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// The counts of browsers agree with a map, and none is kept at 0.
func TestBrowsersModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBrowsers()
		model := make(map[uint64]int)
		browser := rapid.Uint64Range(1, 300)
		t.Repeat(map[string]func(*rapid.T){
			"hold": func(t *rapid.T) {
				id := browser.Draw(t, "browser")
				model[id]++
				if got := b.Hold(id); got != model[id] {
					t.Fatalf("%d polls, want %d", got, model[id])
				}
			},
			"release": func(t *rapid.T) {
				id := browser.Draw(t, "browser")
				if model[id] > 0 {
					if model[id]--; model[id] == 0 {
						delete(model, id)
					}
					b.Release(id)
				}
			},
			"": func(t *rapid.T) {
				if kept := b.held.Len(); kept != len(model) {
					t.Fatalf("%d browsers, want %d", kept, len(model))
				}
			},
		})
	})
}

// A browser's name stands for one number, which no other name and no cookie has, and
// which differs from server to server.
func TestNamedBrowsers(t *testing.T) {
	t.Parallel()
	b, other := newBrowsers(), newBrowsers()
	seen := map[uint64]string{}
	for i := range 1000 {
		name := fmt.Sprintf("%016x", i)
		n := b.Named([]byte(name))
		if n == 0 || n != b.Named([]byte(name)) || n == other.Named([]byte(name)) || n == uint64(i)|1 {
			t.Fatalf("%s is %x", name, n)
		}
		if before, twice := seen[n]; twice {
			t.Fatalf("%s and %s are both %x", before, name, n)
		}
		seen[n] = name
	}
}
