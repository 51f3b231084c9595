package upstream

import (
	"errors"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// Whatever local subscribers do, the upstream's subscriptions become those that meet the routes; one that nobody wants is left
// after the linger, and not before.
func TestWants(t *testing.T) {
	t.Parallel()
	names := []string{"/a", "/a/b", "/a/b/c", "/a/*", "/a/**", "/a/b/**", "/**", "/*", "/x/y", "/service/a"}
	rapid.Check(t, func(t *rapid.T) {
		routes := widest([][]byte{[]byte("/a/**"), []byte(rapid.SampledFrom([]string{"/x/y", "/a/b", "/**", "/*"}).Draw(t, "route"))})
		linger := time.Duration(rapid.IntRange(0, 2).Draw(t, "linger")) * time.Second
		w, now := newWants(routes, linger), time.Unix(0, 0)
		local, upstream, wantedAt := map[string]bool{}, map[string]bool{}, map[string]time.Time{}
		wanted := func() map[string]bool {
			set := map[string]bool{}
			for pattern := range local {
				for _, route := range routes {
					if both := channel.Meet(route, []byte(pattern)); both != nil && pattern != "/service/a" {
						set[string(both)] = true
					}
				}
			}
			return set
		}
		work := func(fails bool) {
			for {
				pattern, subscribe, _ := w.next(now)
				if pattern == "" {
					return
				}
				if fails && subscribe {
					w.done(pattern, true, errors.New("refused"), now)
					continue
				}
				switch {
				case subscribe == upstream[pattern]:
					t.Fatalf("%s: asked twice to be %t", pattern, subscribe)
				case subscribe && !wanted()[pattern]:
					t.Fatalf("%s: subscribed though nobody wants it", pattern)
				case !subscribe && (wanted()[pattern] || now.Before(wantedAt[pattern].Add(linger))):
					t.Fatalf("%s: left too early", pattern)
				}
				if w.done(pattern, subscribe, nil, now); subscribe {
					upstream[pattern] = true
				} else {
					delete(upstream, pattern)
				}
			}
		}
		note := func(pattern string, on bool) {
			for p := range wanted() {
				wantedAt[p] = now
			}
			if on {
				local[pattern] = true
			} else {
				delete(local, pattern)
			}
			w.note(pattern, on)
		}
		t.Repeat(map[string]func(*rapid.T){
			"toggle": func(t *rapid.T) {
				p := rapid.SampledFrom(names).Draw(t, "pattern")
				note(p, !local[p])
			},
			"work":  func(*rapid.T) { work(false) },
			"fail":  func(*rapid.T) { work(true) },
			"later": func(*rapid.T) { now = now.Add(500 * time.Millisecond) },
		})
		work(false)
		now = now.Add(time.Minute)
		work(false)
		now = now.Add(time.Minute)
		work(false)
		if got := wanted(); !maps.Equal(got, upstream) || int(w.subscribed()) != len(upstream) || len(w.patterns()) != len(upstream) {
			t.Fatalf("upstream has %v, want %v", upstream, got)
		}
		for p := range maps.Clone(local) {
			note(p, false)
		}
		for range 3 {
			work(false)
			now = now.Add(time.Minute)
		}
		if len(upstream) > 0 || len(w.table) > 0 {
			t.Fatalf("%v and %v are left", upstream, w.table)
		}
	})
}
