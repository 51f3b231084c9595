package plan

import (
	"math"
	"sort"
	"strconv"
	"strings"
)

// Symbols lays out a ticker: K channels, S of them followed by each subscriber,
// and for every tick the channel that it belongs to.
type Symbols struct {
	pattern string
	k, s    int
	seed    uint64
	ladder  []float64 // cumulative share of each symbol under Zipf; nil when uniform
}

// NewSymbols describes k channels of which each subscriber follows s (at most k).
// pattern names a channel and has {symbol} where the number goes; without it every
// tick goes to the one channel. exponent is Zipf's, 0 means uniform.
func NewSymbols(pattern string, k, s int, exponent float64, seed uint64) *Symbols {
	if !strings.Contains(pattern, symbolMark) {
		k = 1
	}
	y := &Symbols{pattern: pattern, k: max(k, 1), seed: seed}
	y.s = min(max(s, 1), y.k)
	if exponent > 0 {
		y.ladder = zipfLadder(y.k, exponent)
	}
	return y
}

const symbolMark = "{symbol}"

// Count is the number of channels.
func (y *Symbols) Count() int { return y.k }

// PerSubscriber is the number of channels that one subscriber follows.
func (y *Symbols) PerSubscriber() int { return y.s }

// Name is the channel name of symbol k.
func (y *Symbols) Name(k int) string {
	return strings.ReplaceAll(y.pattern, symbolMark, "S"+strconv.Itoa(k))
}

// Pick is the symbol of tick i; it depends on nothing but i and the seed.
func (y *Symbols) Pick(i int) int {
	if y.k == 1 {
		return 0
	}
	u := splitmix(y.seed + uint64(i))
	if y.ladder == nil {
		return int(u % uint64(y.k))
	}
	x := float64(u>>11) / (1 << 53)
	return min(sort.SearchFloat64s(y.ladder, x), y.k-1)
}

// Follows is the j-th of the symbols that subscriber number sub follows. Neighbouring
// subscribers follow neighbouring runs, so every symbol has the same number of followers.
func (y *Symbols) Follows(sub, j int) int {
	return (sub*y.s + j) % y.k
}

// Slot is the inverse of Follows: the j at which sub follows symbol k, or -1.
func (y *Symbols) Slot(sub, k int) int {
	j := (k - sub*y.s%y.k + y.k) % y.k
	if j >= y.s {
		return -1
	}
	return j
}

// Followers is how many of the subscribers numbered 0 to n-1 follow symbol k.
func (y *Symbols) Followers(k, n int) int {
	total := n * y.s
	count := total / y.k
	if k < total%y.k {
		count++
	}
	return count
}

func zipfLadder(k int, exponent float64) []float64 {
	ladder := make([]float64, k)
	sum := 0.0
	for i := range ladder {
		sum += math.Pow(float64(i+1), -exponent)
		ladder[i] = sum
	}
	for i := range ladder {
		ladder[i] /= sum
	}
	return ladder
}

// splitmix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): a counter in, evenly spread bits out.
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
