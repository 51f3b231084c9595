package plan

import (
	"math"
	"testing"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		pattern string
		k       int
		symbol  int
		want    string
		count   int
	}{
		{"/stock/{symbol}", 5, 3, "/stock/S3", 5},
		{"/bench", 5, 0, "/bench", 1},
		{"/a/{symbol}/b", 0, 0, "/a/S0/b", 1},
	} {
		y := NewSymbols(c.pattern, c.k, 1, 0, 1)
		if got := y.Name(c.symbol); got != c.want || y.Count() != c.count {
			t.Errorf("%q: name %q of %d channels, want %q of %d", c.pattern, got, y.Count(), c.want, c.count)
		}
	}
}

func TestUniformPicksAreEven(t *testing.T) {
	const k, n = 10, 100_000
	seen := make([]int, k)
	y := NewSymbols("/{symbol}", k, 1, 0, 7)
	for i := range n {
		seen[y.Pick(i)]++
	}
	for s, c := range seen {
		if math.Abs(float64(c)-n/k) > 0.05*n/k {
			t.Errorf("symbol %d was picked %d times of %d", s, c, n)
		}
	}
}

func TestZipfPicksFollowTheLaw(t *testing.T) {
	const k, n = 100, 400_000
	seen := make([]float64, k)
	y := NewSymbols("/{symbol}", k, 1, 1, 7)
	for i := range n {
		seen[y.Pick(i)]++
	}
	for _, rank := range []int{2, 4, 10} {
		if got := seen[0] / seen[rank-1]; math.Abs(got-float64(rank)) > 0.1*float64(rank) {
			t.Errorf("the first symbol is %.2f times as frequent as number %d", got, rank)
		}
	}
}

func TestPicksDependOnTheSeedOnly(t *testing.T) {
	a, b, c := NewSymbols("/{symbol}", 50, 1, 1.1, 3), NewSymbols("/{symbol}", 50, 1, 1.1, 3), NewSymbols("/{symbol}", 50, 1, 1.1, 4)
	same := 0
	for i := range 1000 {
		if a.Pick(i) != b.Pick(i) {
			t.Fatalf("tick %d differs between two equal plans", i)
		}
		if a.Pick(i) == c.Pick(i) {
			same++
		}
	}
	if same > 500 {
		t.Errorf("%d of 1000 ticks are the same under another seed", same)
	}
}

func TestFollowersAgreeWithFollows(t *testing.T) {
	for _, c := range []struct{ k, s, n int }{{10, 3, 7}, {4, 4, 9}, {1, 1, 5}, {7, 2, 100}, {5, 9, 3}} {
		y := NewSymbols("/{symbol}", c.k, c.s, 0, 1)
		count := make([]int, y.Count())
		for sub := range c.n {
			for j := range y.PerSubscriber() {
				k := y.Follows(sub, j)
				count[k]++
				if got := y.Slot(sub, k); got != j {
					t.Fatalf("%+v: Slot(%d,%d) = %d, want %d", c, sub, k, got, j)
				}
			}
		}
		for k, want := range count {
			if got := y.Followers(k, c.n); got != want {
				t.Errorf("%+v: symbol %d has %d followers, want %d", c, k, got, want)
			}
		}
	}
}

func TestSlotOfAnUnfollowedSymbol(t *testing.T) {
	y := NewSymbols("/{symbol}", 10, 2, 0, 1)
	if got := y.Slot(0, 5); got != -1 {
		t.Errorf("subscriber 0 follows 0 and 1, yet Slot(0,5) = %d", got)
	}
}
