package interest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// watcher keeps the patterns that it was told have subscribers.
type watcher struct {
	mu    sync.Mutex
	on    map[string]bool
	calls int
	wrong string // a call that told nothing new
}

func watched(x *Index) *watcher {
	w := &watcher{on: make(map[string]bool)}
	x.Watch(w.watch)
	return w
}

func (w *watcher) watch(pattern string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.on[pattern] == on {
		w.wrong = fmt.Sprint(pattern, " is told twice to be ", on)
	}
	if w.on[pattern] = on; !on {
		delete(w.on, pattern)
	}
}

// Watchers know the patterns of a set of pairs, and are called when that changes
// and not otherwise.
func TestWatchModel(t *testing.T) {
	type pair struct {
		pattern string
		loop    uint16
	}
	rapid.Check(t, func(t *rapid.T) {
		x := New()
		model := make(map[pair]bool)
		watchers := []*watcher{watched(x), watched(x)}
		draw := func(t *rapid.T) pair {
			return pair{fmt.Sprint("/", rapid.IntRange(0, 9).Draw(t, "pattern")), rapid.Uint16Range(0, 3).Draw(t, "loop")}
		}
		changes := 0
		patterns := func() map[string]bool {
			on := make(map[string]bool)
			for p := range model {
				on[p.pattern] = true
			}
			return on
		}
		change := func(p pair, add bool) {
			before := len(patterns())
			if add {
				x.Add([]byte(p.pattern), p.loop)
				model[p] = true
			} else {
				x.Remove([]byte(p.pattern), p.loop)
				delete(model, p)
			}
			if len(patterns()) != before {
				changes++
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add":    func(t *rapid.T) { change(draw(t), true) },
			"remove": func(t *rapid.T) { change(draw(t), false) },
			"trim":   func(*rapid.T) { x.Trim() },
			"": func(t *rapid.T) {
				for i, w := range watchers {
					if w.wrong != "" || !maps.Equal(w.on, patterns()) {
						t.Fatalf("watcher %d: %s; it knows %v, want %v", i, w.wrong, w.on, patterns())
					}
				}
				if got := watchers[0].calls; got != changes {
					t.Fatalf("%d calls for %d changes", got, changes)
				}
			},
		})
	})
}

// Loops subscribe and leave at once: each watcher hears of a pattern on and off by turns, and knows in the end what is left.
func TestWatchOfMany(t *testing.T) {
	t.Parallel()
	x := New()
	watchers := []*watcher{watched(x), watched(x)}
	left := make(map[string]bool)
	var mu sync.Mutex
	var group sync.WaitGroup
	for loop := range uint16(8) {
		group.Go(func() {
			for range 2000 {
				pattern := fmt.Appendf(nil, "/a/%d", rand.IntN(10))
				x.Add(pattern, loop)
				x.Remove(pattern, loop)
			}
			pattern := fmt.Sprint("/left/", loop/2)
			x.Add([]byte(pattern), loop)
			mu.Lock()
			defer mu.Unlock()
			left[pattern] = true
		})
	}
	group.Wait()
	for i, w := range watchers {
		if w.wrong != "" || !maps.Equal(w.on, left) {
			t.Errorf("watcher %d: %s; it knows %v, want %v", i, w.wrong, w.on, left)
		}
	}
}
