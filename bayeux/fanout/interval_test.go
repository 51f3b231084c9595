package fanout

import (
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// TestAskedIntervalAgainstList changes what a session asks for, and compares the interval
// of each channel with what a look at all of its subscriptions says.
func TestAskedIntervalAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFanout(t, newFake())
		want := map[string]int64{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			p := rapid.SampledFrom([]string{"/a", "/b", "/a/b", "/a/c", "/a/b/c", "/a/*", "/a/**", "/**", "/a/b/*"}).Draw(t, "pattern")
			interval := rapid.SampledFrom([]int64{0, 100, 500}).Draw(t, "interval")
			if rapid.IntRange(0, 3).Draw(t, "operation") == 0 {
				delete(want, p)
				f.Unsubscribe(3, []byte(p))
			} else {
				want[p] = interval
				f.Subscribe(3, []byte(p))
				f.SetInterval(3, []byte(p), interval)
			}
			name := []byte(rapid.SampledFrom([]string{"/a", "/b", "/c", "/a/b", "/a/d", "/a/b/c", "/a/b/d/e"}).Draw(t, "channel"))
			if got := f.interval(3, name, f.rules.Of(name)); got != shortest(want, name) || f.covers(3, name) != anyMatches(want, name) {
				t.Fatalf("%s: %d, covered %t; asked for %v", name, got, f.covers(3, name), want)
			}
			some := false
			for _, interval := range want {
				some = some || interval > 0
			}
			if f.HasIntervals(3) != some {
				t.Fatalf("has intervals %t, asked for %v", f.HasIntervals(3), want)
			}
		}
	})
}

func shortest(asked map[string]int64, name []byte) (interval int64) {
	interval = -1
	for p, n := range asked {
		if channel.Matches([]byte(p), name) && (interval < 0 || n < interval) {
			interval = n
		}
	}
	return max(interval, 0)
}

func anyMatches[V any](asked map[string]V, name []byte) bool {
	for p := range asked {
		if channel.Matches([]byte(p), name) {
			return true
		}
	}
	return false
}
