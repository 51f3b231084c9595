package interest

import (
	"fmt"
	"slices"
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
		x := New()
		model := make(map[pair]bool)
		draw := func(t *rapid.T) pair {
			return pair{pattern.Draw(t, "pattern"), rapid.SampledFrom([]uint16{0, 1, 63, 64, 255}).Draw(t, "loop")}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				p := draw(t)
				x.Add([]byte(p.pattern), p.loop)
				model[p] = true
			},
			"remove": func(t *rapid.T) {
				p := draw(t)
				x.Remove([]byte(p.pattern), p.loop)
				delete(model, p)
			},
			"": func(t *rapid.T) {
				n := name.Draw(t, "name")
				var want Loops
				for p := range model {
					if channel.Matches([]byte(p.pattern), []byte(n)) {
						want.Add(p.loop)
					}
				}
				if got := x.Of(n); got != want {
					t.Fatalf("%s: got %v, want %v of %v", n, members(got), members(want), model)
				}
			},
		})
		for p := range model {
			x.Remove([]byte(p.pattern), p.loop)
		}
		if n := x.size(); n > 0 {
			t.Fatalf("an empty index keeps %d patterns", n)
		}
	})
}

func members(s Loops) (loops []uint16) {
	s.Each(func(loop uint16) { loops = append(loops, loop) })
	return loops
}

// A name longer than the scratch on the stack is as good as any.
func TestInterestOfLongNames(t *testing.T) {
	t.Parallel()
	x := New()
	name := strings.Repeat("/"+strings.Repeat("x", 100), 10)
	x.Add([]byte(name), 1)
	x.Add([]byte(name[:404]+"/**"), 2)
	x.Add([]byte(name[:909]+"/*"), 3)
	x.Add([]byte(name[:404]+"/*"), 4)
	x.Add([]byte("/**"), 5)
	if got := members(x.Of(name)); !slices.Equal(got, []uint16{1, 2, 3, 5}) {
		t.Errorf("got %v", got)
	}
}

// Loops that come and go at once leave each other's entries alone.
func TestInterestOfMany(t *testing.T) {
	t.Parallel()
	x := New()
	var group sync.WaitGroup
	for loop := range uint16(8) {
		group.Go(func() {
			for n := range 500 {
				x.Add(fmt.Appendf(nil, "/a/%d", n%7), loop)
				if set := x.Of(fmt.Sprintf("/a/%d", n%7)); !set.Has(loop) {
					t.Errorf("loop %d is missing", loop)
				}
				x.Remove(fmt.Appendf(nil, "/a/%d", n%7), loop)
			}
		})
	}
	group.Wait()
	if set := x.Of("/a/1"); !set.Empty() {
		t.Errorf("%v are left", members(set))
	}
}

// BenchmarkOf asks for the loops of a channel of three segments among many, where there are also wildcards of a kind.
func BenchmarkOf(b *testing.B) {
	for _, wildcard := range []string{"", "/stock/US/*", "/stock/**"} {
		b.Run("wildcard="+wildcard, func(b *testing.B) {
			x := New()
			for n := range 1000 {
				x.Add(fmt.Appendf(nil, "/stock/US/%d", n), uint16(n%4))
			}
			if wildcard != "" {
				x.Add([]byte(wildcard), 7)
			}
			b.ReportAllocs()
			for b.Loop() {
				x.Of("/stock/US/77")
			}
		})
	}
}
