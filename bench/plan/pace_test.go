package plan

import (
	"testing"
	"time"
)

func TestPaceDue(t *testing.T) {
	for _, c := range []struct {
		pace Pace
		i    int
		want time.Duration
	}{
		{Pace{Rate: 1}, 0, 0},
		{Pace{Rate: 1}, 3, 3 * time.Second},
		{Pace{Rate: 5}, 1, 200 * time.Millisecond},
		{Pace{Rate: 1000}, 1500, 1500 * time.Millisecond},
		{Pace{Rate: 0.5}, 2, 4 * time.Second},
		{Pace{Rate: 0}, 99, 0},
	} {
		if got := c.pace.Due(c.i); got != c.want {
			t.Errorf("%+v.Due(%d) = %v, want %v", c.pace, c.i, got, c.want)
		}
	}
}

func TestAmong(t *testing.T) {
	for _, c := range []struct{ n, total int }{{0, 10}, {10, 10}, {3, 10}, {50, 200}, {1, 7}, {7, 3}, {1, 0}} {
		count, last, widest := 0, -1, 0
		for i := range c.total {
			if Among(i, c.n, c.total) {
				widest = max(widest, i-last)
				count, last = count+1, i
			}
		}
		if want := min(c.n, c.total); count != want {
			t.Errorf("%d of %d: %d, want %d", c.n, c.total, count, want)
		}
		if c.n > 0 && widest > c.total/c.n+1 {
			t.Errorf("%d of %d: %d apart", c.n, c.total, widest)
		}
	}
	if Among(0, 1, 0) {
		t.Error("one of none")
	}
}

func TestShareCoversEverythingOnce(t *testing.T) {
	for _, c := range []struct{ total, parts int }{{10, 3}, {3, 10}, {0, 2}, {19_000, 4}, {7, 1}} {
		next := 0
		for i := range c.parts {
			first, size := Share(c.total, c.parts, i)
			if first != next || size < c.total/c.parts || size > c.total/c.parts+1 {
				t.Errorf("Share(%d,%d,%d) = %d,%d, want it to begin at %d", c.total, c.parts, i, first, size, next)
			}
			next = first + size
		}
		if next != c.total {
			t.Errorf("%d parts of %d cover %d", c.parts, c.total, next)
		}
	}
}
