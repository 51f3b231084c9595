package loop

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Against a count of everything: a channel weighs at least what it has, none of more than a ranked-th of all is missing, and what
// is kept is bounded.
func TestRankingAgainstCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, truth, all := newRanking(), make(map[string]int), 0
		channels := rapid.SampledFrom([]int{5, ranked, 5 * ranked}).Draw(t, "channels")
		for range rapid.IntRange(0, 2000).Draw(t, "events") {
			n := rapid.IntRange(0, channels-1).Draw(t, "channel")
			name := fmt.Sprintf("/c/%d", n*n/channels) // some come more often
			subscribers := rapid.IntRange(0, 3).Draw(t, "subscribers")
			r.heard(name, subscribers)
			truth[name] += 1 + subscribers
			all += 1 + subscribers
		}
		if len(r.places) > ranked || len(r.at) != len(r.places) {
			t.Fatalf("%d places, %d names", len(r.places), len(r.at))
		}
		weights := make(map[string]int)
		for _, c := range r.places {
			weights[c.Channel] = c.weight()
		}
		for name, weight := range truth {
			got, has := weights[name]
			if has && got < weight || !has && weight > all/ranked {
				t.Fatalf("%s weighs %d of %d, and is ranked with %d", name, weight, all, got)
			}
		}
	})
}

func TestMergedRankings(t *testing.T) {
	one, two := newRanking(), newRanking()
	for range 3 {
		one.heard("/a", 2)
		two.heard("/a", 5)
	}
	two.heard("/b", 0)
	two.heard("/c", 1)
	one.heard("/d", 1)
	got := merged([][]ChannelRate{one.places, two.places, nil}, 3)
	if want := []ChannelRate{{"/a", 3, 21}, {"/c", 1, 1}, {"/d", 1, 1}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Server.Top begins with the first question, tells what went on since the last one, on all loops, and ends when nobody asks.
func TestTopChannels(t *testing.T) {
	t.Parallel()
	s, _ := startStill(t, func(c *Config) { c.Loops = 2; c.Rules = []string{"/kept/* history=10"} })
	for range 4 {
		dial(t, s).subscriber("/busy/*")
	}
	client := dial(t, s)
	id := client.subscriber("/kept/a")
	top := func() map[string]ChannelRate {
		t.Helper()
		list, err := s.Top(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		rates := make(map[string]ChannelRate)
		for _, c := range list {
			rates[c.Channel] = c
		}
		return rates
	}
	mustPublish(t, s, "/busy/before", "1")
	equal(t, len(top()), 0)
	mustPublish(t, s, "/busy/a", "1")
	mustPublish(t, s, "/busy/a", "2")
	mustPublish(t, s, "/kept/a", "3")
	client.bayeux(publish(id, "/busy/b", "4"))
	mustPublish(t, s, "/nobody", "5")
	seen := make(map[string]ChannelRate)
	eventually(t, func() bool {
		for name, c := range top() {
			sum := seen[name]
			seen[name] = ChannelRate{name, sum.Events + c.Events, sum.Given + c.Given}
		}
		return seen["/busy/a"].Given == 8 && seen["/busy/b"].Given == 4 && seen["/kept/a"].Given == 1
	})
	if names := strings.Join(slices.Sorted(maps.Keys(seen)), " "); names != "/busy/a /busy/b /kept/a" {
		t.Errorf("there were %s", names)
	}
	for _, r := range s.reactors {
		s.do(r.id, func(r *reactor) { r.watch.asked = r.now() - 2*watchFor })
	}
	eventually(t, func() bool {
		watching := false
		s.loops.visit(t.Context(), func(r *reactor) { watching = watching || r.watch.ranking != nil })
		return !watching
	})
}

// What an event costs while somebody asks for the ranking: of channels that are in it, and of ever new ones.
func BenchmarkRanking(b *testing.B) {
	for _, channels := range []int{ranked / 2, 100 * ranked} {
		names := make([]string, channels)
		for i := range names {
			names[i] = fmt.Sprintf("/stock/%d", i)
		}
		b.Run(fmt.Sprint(channels), func(b *testing.B) {
			r := newRanking()
			for i := range b.N {
				r.heard(names[i%channels], 3)
			}
		})
	}
}
