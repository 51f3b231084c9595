// Proved by TestTrades.

package feed

import (
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// TradesHeader names the columns of the recorded feed.
const TradesHeader = "ms_since_midnight,symbol,price,size,exchange"

// The trading day in seconds since midnight, New York time.
const (
	preMarket = 4 * 3600
	opening   = 9*3600 + 1800
	closing   = 16 * 3600
	afterward = 20 * 3600
)

// trades generates a day of the recorded feed's form, second by second.
type trades struct {
	rng    *rand.Rand
	stocks []stock
	second int
	buffer []byte
	row    []byte
}

// Trades makes a day of trades of four symbols as comma-separated values of
// the recorded feed's form: sorted by milliseconds since midnight, busy at the
// open and the close, several trades in one millisecond, some rows repeated
// exactly. The same seed gives the same bytes.
func Trades(seed int64) io.Reader {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x747261646573))
	t := &trades{rng: rng, second: preMarket, buffer: []byte(TradesHeader + "\n")}
	for _, q := range []quote{{"SPY", 167.43, 62, 0.4}, {"BAC", 13.92, 22, 0.7}, {"AIG", 49.1, 8, 0.7}, {"IBM", 182.1, 8, 0.5}} {
		s := newStock(q, q.share, rng)
		s.usual /= 3 // a day has many more trades than the demo
		t.stocks = append(t.stocks, s)
	}
	return t
}

// Read gives more of the day.
func (t *trades) Read(p []byte) (int, error) {
	for len(t.buffer) == 0 {
		if t.second >= afterward {
			return 0, io.EOF
		}
		t.trade()
		t.second++
	}
	n := copy(p, t.buffer)
	t.buffer = t.buffer[:copy(t.buffer, t.buffer[n:])]
	return n, nil
}

// rate is the expected number of rows in a second of the day.
func rate(second int) float64 {
	if second < opening || second >= closing {
		return 0.1
	}
	fromOpen, toClose := float64(second-opening), float64(closing-second)
	return 8 + 28*math.Exp(-fromOpen/3000) + 45*math.Exp(-toClose/600)
}

// trade appends the rows of one second.
func (t *trades) trade() {
	burst := math.Exp(t.rng.NormFloat64()*0.8 - 0.32) // mean 1
	n := min(800, t.poisson(rate(t.second)*burst))
	times := make([]int, n)
	for i := range times {
		times[i] = t.second*1000 + t.rng.IntN(1000)
		if i > 0 && t.rng.Float64() < 0.5 {
			times[i] = times[i-1] // one order meets several
		}
	}
	slices.Sort(times)
	for i, at := range times {
		if i > 0 && at == times[i-1] && t.rng.Float64() < 0.3 {
			t.buffer = append(t.buffer, t.row...)
			continue
		}
		t.append(at)
	}
}

// append writes one row.
func (t *trades) append(at int) {
	s := &t.stocks[t.symbol()]
	tick := s.trade(t.rng)
	s.heat = 0 // rate and burst do that here
	t.row = strconv.AppendInt(t.row[:0], int64(at), 10)
	t.row = append(t.row, ',')
	t.row = append(t.row, s.symbol...)
	t.row = append(t.row, ',')
	t.row = appendCents(t.row, tick.Price)
	t.row = append(t.row, "00,"...) // four decimals, as in the recording
	t.row = strconv.AppendInt(t.row, tick.Size, 10)
	t.row = append(t.row, ',', "PQBDKZJN"[t.rng.IntN(8)], '\n')
	t.buffer = append(t.buffer, t.row...)
}

// symbol picks a stock by its share.
func (t *trades) symbol() int {
	at := t.rng.Float64() * 100
	for i := range t.stocks {
		if at -= t.stocks[i].base; at < 0 {
			return i
		}
	}
	return 0
}

// poisson draws by Knuth's product for few, by the normal law for many.
func (t *trades) poisson(mean float64) int {
	if mean > 60 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*t.rng.NormFloat64())))
	}
	limit, n := math.Exp(-mean), 0
	for p := t.rng.Float64(); p > limit; p *= t.rng.Float64() {
		n++
	}
	return n
}
