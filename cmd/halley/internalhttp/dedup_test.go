package internalhttp

import (
	"testing"
	"time"

	"halley/loop"
)

// A publish waits for the one before it that has its key, and for no other; what became of that decides whether it is a repeat.
func TestKeysUnderWay(t *testing.T) {
	t.Parallel()
	body := func(keys ...string) (items []loop.Publication) {
		for _, key := range keys {
			items = append(items, loop.Publication{Key: key})
		}
		return items
	}
	for _, published := range []bool{true, false} {
		k, now := newKeys(10, time.Minute), time.Now()
		first, end := k.begin(body("a", "b", ""), now)
		other, endOther := k.begin(body("c", ""), now)
		endOther(true)
		if len(first.batch) != 3 || len(other.batch) != 2 {
			t.Errorf("%d and %d are published", len(first.batch), len(other.batch))
		}
		if k.taken(body("", "b")) == nil || k.taken(body("c", "d", "")) != nil {
			t.Error("the wrong ones wait")
		}
		waits := make(chan int)
		go func() {
			second, endSecond := k.begin(body("b", "c", "d"), now)
			endSecond(true)
			waits <- len(second.batch)
		}()
		end(published)
		if n, want := <-waits, map[bool]int{true: 1, false: 2}[published]; n != want {
			t.Errorf("the first was published %v: %d of the second are, want %d", published, n, want)
		}
		if last, _ := k.begin(body("b", "c", "d"), now); len(last.batch) != 0 || len(k.under) != 0 {
			t.Errorf("%d are published again, %d under way", len(last.batch), len(k.under))
		}
	}
}
