package upstream

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/bayeux/event"
)

// An outbox gives what was put into it, in order and once; of what does not fit the oldest that is not under way goes, and is
// counted.
func TestOutbox(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const limit = 2000
		b, next := newOutbox(limit), 0
		var model []int // that wait
		taken, dropped := 0, 0
		size := func(n int) int { return len(payload(n)) + parcelBytes }
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "puts") {
					b.put(parcel{event: payload(next), since: time.Unix(int64(next), 0)})
					model = append(model, next)
					next++
					for total(model, size) > limit && len(model) > taken+1 {
						model = append(model[:taken:taken], model[taken+1:]...)
						dropped++
					}
				}
			},
			"take": func(t *rapid.T) {
				list := b.take(rapid.IntRange(1, 20).Draw(t, "most"), rapid.IntRange(1, 500).Draw(t, "bytes"))
				for i, p := range list {
					if p.event != payload(model[i]) {
						t.Fatalf("got %s at %d of %v", p.event, i, model)
					}
				}
				if taken = len(list); taken == 0 && len(model) > 0 {
					t.Fatal("nothing is taken")
				}
			},
			"passed": func(t *rapid.T) {
				n := rapid.IntRange(0, taken).Draw(t, "passed")
				b.passed(n)
				model, taken = model[n:], 0
			},
			"": func(t *rapid.T) {
				lag, waiting, lost := b.state(time.Unix(1e6, 0))
				if waiting != len(model) || int(lost) != dropped || b.bytes != total(model, size) {
					t.Fatalf("%d wait, %d are lost, %d bytes; want %v, %d", waiting, lost, b.bytes, model, dropped)
				}
				if len(model) > 0 && lag != time.Duration(1e6-model[0])*time.Second {
					t.Fatalf("lag %s, the oldest is %d", lag, model[0])
				}
			},
		})
	})
}

func payload(n int) event.Event { return event.New([]byte("/a"), fmt.Append(nil, n), false) }

func total(list []int, size func(int) int) (sum int) {
	for _, n := range list {
		sum += size(n)
	}
	return sum
}
