package loop

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// The index agrees with a list of pairs and the pattern rules of the channels.
func TestInterestModel(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "c"})
	name := rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/")
	})
	pattern := rapid.Custom(func(t *rapid.T) string {
		end := rapid.SampledFrom([]string{"", "", "/*", "/**"}).Draw(t, "end")
		if end != "" && rapid.Bool().Draw(t, "root") {
			return end
		}
		return name.Draw(t, "name") + end
	})
	type pair struct {
		pattern string
		loop    uint16
	}
	rapid.Check(t, func(t *rapid.T) {
		x := newInterest()
		model := make(map[pair]bool)
		draw := func(t *rapid.T) pair {
			return pair{pattern.Draw(t, "pattern"), rapid.SampledFrom([]uint16{0, 1, 63, 64, 255}).Draw(t, "loop")}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				p := draw(t)
				x.add([]byte(p.pattern), p.loop)
				model[p] = true
			},
			"remove": func(t *rapid.T) {
				p := draw(t)
				x.remove([]byte(p.pattern), p.loop)
				delete(model, p)
			},
			"": func(t *rapid.T) {
				n := name.Draw(t, "name")
				var want loopSet
				for p := range model {
					if channel.Matches([]byte(p.pattern), []byte(n)) {
						want.add(p.loop)
					}
				}
				if got := x.of(n); got != want {
					t.Fatalf("%s: got %v, want %v of %v", n, members(got), members(want), model)
				}
			},
		})
		for p := range model {
			x.remove([]byte(p.pattern), p.loop)
		}
		for i := range x.shards {
			if len(x.shards[i].loops) > 0 {
				t.Fatal("an empty index keeps patterns")
			}
		}
	})
}

func members(s loopSet) (loops []uint16) {
	s.each(func(loop uint16) { loops = append(loops, loop) })
	return loops
}

// A name longer than the scratch on the stack is as good as any.
func TestInterestOfLongNames(t *testing.T) {
	t.Parallel()
	x := newInterest()
	name := strings.Repeat("/"+strings.Repeat("x", 100), 10)
	x.add([]byte(name), 1)
	x.add([]byte(name[:404]+"/**"), 2)
	x.add([]byte(name[:909]+"/*"), 3)
	x.add([]byte(name[:404]+"/*"), 4)
	x.add([]byte("/**"), 5)
	equal(t, members(x.of(name)), []uint16{1, 2, 3, 5})
}

// Loops that come and go at once leave each other's entries alone.
func TestInterestOfMany(t *testing.T) {
	t.Parallel()
	x := newInterest()
	var group sync.WaitGroup
	for loop := range uint16(8) {
		group.Go(func() {
			for n := range 500 {
				x.add(fmt.Appendf(nil, "/a/%d", n%7), loop)
				if set := x.of(fmt.Sprintf("/a/%d", n%7)); set[loop/64]&(1<<(loop%64)) == 0 {
					t.Errorf("loop %d is missing", loop)
				}
				x.remove(fmt.Appendf(nil, "/a/%d", n%7), loop)
			}
		})
	}
	group.Wait()
	set := x.of("/a/1")
	equal(t, set.empty(), true)
}

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
				kept := 0
				for i := range b.shards {
					kept += len(b.shards[i].held)
				}
				if kept != len(model) {
					t.Fatalf("%d browsers, want %d", kept, len(model))
				}
			},
		})
	})
}
