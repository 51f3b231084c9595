package feed

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// Market makes ticks that look like trading: prices walk with clustered
// volatility, trades hit a bid or an ask whose spread breathes, and one trade
// brings others. The same seed gives the same ticks.
type Market struct {
	rng    *rand.Rand
	stocks []stock
}

// Tick is one trade. Prices are in cents.
type Tick struct {
	Symbol          string
	Price, Bid, Ask int64
	PreviousClose   int64
	Open, High, Low int64
	Size, Volume    int64
	Trades          int64 // of the day so far, this one included
}

// Excitement, after Hawkes: each trade raises the rate of its stock by
// offspring/memory, which fades with that memory in seconds. So a trade brings
// offspring others on average, and the mean rate is base/(1-offspring).
const (
	offspring = 0.75
	memory    = 3.0
)

// quote is what a listing begins with.
type quote struct {
	symbol string
	close  float64 // dollars
	share  float64 // of the trading
	daily  float64 // volatility as a multiple of the usual
}

// listings are a dozen invented companies.
func listings() []quote {
	return []quote{
		{"HLY", 101.67, 4, 1}, {"COMA", 48.12, 3, 1.2}, {"NCLS", 412.55, 2, 1.3}, {"TAIL", 17.84, 3, 1.6},
		{"ORBT", 76.3, 2, 0.8}, {"PERI", 233.91, 1.5, 1.1}, {"APHE", 9.42, 2, 2}, {"IONT", 138.06, 1.5, 1.4},
		{"DUST", 4.73, 1, 2.4}, {"OORT", 61.28, 1, 0.7}, {"KUIP", 29.95, 1, 1}, {"BOLD", 187.4, 1, 0.9},
	}
}

// NewMarket opens a market that trades rate times a second on average.
func NewMarket(seed int64, rate float64) *Market {
	m := &Market{rng: rand.New(rand.NewPCG(uint64(seed), 0x68616c6c6579))}
	var shares float64
	for _, q := range listings() {
		shares += q.share
	}
	for _, q := range listings() {
		m.stocks = append(m.stocks, newStock(q, rate*(1-offspring)*q.share/shares, m.rng))
	}
	return m
}

// Next gives the next trade and the time from the one before it.
func (m *Market) Next() (Tick, time.Duration) {
	var wait float64
	for {
		before := m.intensity()
		dt := m.rng.ExpFloat64() / before
		wait += dt
		fade := math.Exp(-dt / memory)
		for i := range m.stocks {
			m.stocks[i].heat *= fade
		}
		// Thinning: the rate fell meanwhile, so the candidate counts in part.
		if at := m.rng.Float64() * before; at < m.intensity() {
			s := m.pick(at)
			return s.trade(m.rng), time.Duration(wait * float64(time.Second))
		}
	}
}

// intensity is the present rate of all stocks, trades per second.
func (m *Market) intensity() float64 {
	var sum float64
	for i := range m.stocks {
		sum += m.stocks[i].base + m.stocks[i].heat
	}
	return sum
}

// pick finds the stock at a point of the cumulated intensity.
func (m *Market) pick(at float64) *stock {
	for i := range m.stocks {
		s := &m.stocks[i]
		if at -= s.base + s.heat; at < 0 {
			return s
		}
	}
	return &m.stocks[len(m.stocks)-1]
}

// AppendJSON writes the tick as subscribers see it; now is in milliseconds of
// the Unix epoch.
func (t *Tick) AppendJSON(dst []byte, now int64) []byte {
	change := t.Price - t.PreviousClose
	percent := math.Round(float64(change) / float64(t.PreviousClose) * 1e4)
	dst = append(dst, `{"symbol":`...)
	dst = AppendString(dst, t.Symbol)
	for _, f := range []struct {
		name  string
		cents int64
	}{
		{"price", t.Price}, {"change", change}, {"percent", int64(percent)}, {"bid", t.Bid}, {"ask", t.Ask},
		{"open", t.Open}, {"high", t.High}, {"low", t.Low},
	} {
		dst = append(dst, `,"`...)
		dst = append(dst, f.name...)
		dst = append(dst, `":`...)
		dst = appendCents(dst, f.cents)
	}
	dst = append(dst, `,"size":`...)
	dst = strconv.AppendInt(dst, t.Size, 10)
	dst = append(dst, `,"volume":`...)
	dst = strconv.AppendInt(dst, t.Volume, 10)
	dst = append(dst, `,"trades":`...)
	dst = strconv.AppendInt(dst, t.Trades, 10)
	dst = append(dst, `,"time":`...)
	dst = strconv.AppendInt(dst, now, 10)
	return append(dst, '}')
}

// appendCents writes hundredths as a number with two decimals.
func appendCents(dst []byte, cents int64) []byte {
	if cents < 0 {
		dst = append(dst, '-')
		cents = -cents
	}
	dst = strconv.AppendInt(dst, cents/100, 10)
	return append(dst, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}
