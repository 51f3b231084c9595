package feed

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"testing"
	"time"
)

// Trading must look like trading: the asked-for rate, bursts, clustered
// volatility, quotes around the price, believable prices after a long time.
func TestMarketLooksLikeOne(t *testing.T) {
	const ticks, rate = 30_000, 12.0
	m := NewMarket(1, rate)
	var total time.Duration
	first, last := map[string]Tick{}, map[string]Tick{}
	var times []float64 // of the trades in HLY, seconds
	for range ticks {
		tick, wait := m.Next()
		total += wait
		checkTick(t, tick, last[tick.Symbol])
		if _, ok := first[tick.Symbol]; !ok {
			first[tick.Symbol] = tick
		}
		last[tick.Symbol] = tick
		if tick.Symbol == "HLY" {
			times = append(times, total.Seconds())
		}
	}
	if got := ticks / total.Seconds(); got < 0.9*rate || got > 1.1*rate {
		t.Errorf("%v ticks a second, want %v", got, rate)
	}
	if got := variation(times); got < 1.2 { // 1 is a Poisson process
		t.Errorf("waits vary by %v of their mean: no bursts", got)
	}
	if len(last) != len(m.stocks) {
		t.Errorf("%d of %d symbols traded", len(last), len(m.stocks))
	}
	for name, tick := range last {
		if ratio := float64(tick.Price) / float64(first[name].Price); ratio < 0.6 || ratio > 1.7 {
			t.Errorf("%s moved by a factor of %v", name, ratio)
		}
	}
}

// variation is the standard deviation of the gaps by their mean.
func variation(times []float64) float64 {
	var sum, squares float64
	for i := range times[1:] {
		gap := times[i+1] - times[i]
		sum, squares = sum+gap, squares+gap*gap
	}
	n := float64(len(times) - 1)
	mean := sum / n
	return math.Sqrt(squares/n-mean*mean) / mean
}

func checkTick(t *testing.T, tick, before Tick) {
	t.Helper()
	if tick.Bid < 1 || tick.Ask <= tick.Bid || tick.Price != tick.Bid && tick.Price != tick.Ask {
		t.Fatalf("quotes of %+v", tick)
	}
	if tick.High < tick.Price || tick.Low > tick.Price || tick.Size < 1 || tick.Volume <= before.Volume || tick.Trades != before.Trades+1 {
		t.Fatalf("%+v after %+v", tick, before)
	}
}

func TestVolatilityClusters(t *testing.T) {
	m := NewMarket(3, 10)
	var moves []float64
	previous := 0.0
	for len(moves) < 20_000 {
		m.Next()
		s := &m.stocks[0]
		if s.mid != previous {
			moves = append(moves, math.Abs(math.Log(s.mid/s.fair)-math.Log(max(previous, 1)/s.fair)))
			previous = s.mid
		}
	}
	moves = moves[1:]
	if got := correlation(moves[:len(moves)-1], moves[1:]); got < 0.05 {
		t.Errorf("sizes of successive moves correlate by %v", got)
	}
}

func correlation(a, b []float64) float64 {
	var sa, sb, aa, bb, ab float64
	n := float64(len(a))
	for i := range a {
		sa, sb = sa+a[i], sb+b[i]
		aa, bb, ab = aa+a[i]*a[i], bb+b[i]*b[i], ab+a[i]*b[i]
	}
	return (n*ab - sa*sb) / math.Sqrt((n*aa-sa*sa)*(n*bb-sb*sb))
}

func TestMarketIsDeterministic(t *testing.T) {
	a, b, c := NewMarket(7, 5), NewMarket(7, 5), NewMarket(8, 5)
	same := true
	for range 1000 {
		ta, wa := a.Next()
		tb, wb := b.Next()
		tc, wc := c.Next()
		if ta != tb || wa != wb {
			t.Fatalf("%+v after %v, then %+v after %v", ta, wa, tb, wb)
		}
		same = same && ta == tc && wa == wc
	}
	if same {
		t.Error("another seed gives the same market")
	}
}

func TestTickAsJSON(t *testing.T) {
	tick := Tick{Symbol: "HLY", Price: 10125, Bid: 10124, Ask: 10126, PreviousClose: 10167, Open: 10152, High: 10165, Low: 5, Size: 200, Volume: 1300, Trades: 9}
	want := `{"symbol":"HLY","price":101.25,"change":-0.42,"percent":-0.41,"bid":101.24,"ask":101.26,"open":101.52,"high":101.65,"low":0.05,"size":200,"volume":1300,"trades":9,"time":5}`
	got := tick.AppendJSON(nil, 5)
	if string(got) != want || !json.Valid(got) {
		t.Errorf("%s, want %s", got, want)
	}
}

// The generated day has the recording's form and rough weight at the opening.
func TestTrades(t *testing.T) {
	rows, err := NewRows(Trades(1), Options{Channel: "/stock/{symbol}", Time: "ms_since_midnight"})
	if err != nil {
		t.Fatal(err)
	}
	count, quarter, repeats, last := map[string]int{}, 0, 0, 0.0
	var buffer, before []byte
	for {
		row, err := rows.Next(buffer)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || row.Time < last || !json.Valid(row.Data) {
			t.Fatalf("row %+v after %v: %v", row, last, err)
		}
		if string(row.Data) == string(before) {
			repeats++
		}
		if row.Time >= 35_100_000 {
			break
		}
		if row.Time >= 34_200_000 {
			quarter++
		}
		count[row.Channel]++
		before = append(before[:0], row.Data...)
		last, buffer = row.Time, row.Data
	}
	if len(count) != 4 || count["/stock/SPY"] < 2*count["/stock/BAC"] || quarter < 20_000 || quarter > 45_000 || repeats < 1000 {
		t.Errorf("rows %v, %d in the first quarter of an hour, %d repeats", count, quarter, repeats)
	}
	a, _ := io.ReadAll(io.LimitReader(Trades(2), 1<<20))
	b, _ := io.ReadAll(io.LimitReader(Trades(2), 1<<20))
	if string(a) != string(b) || string(a[:len(TradesHeader)]) != TradesHeader {
		t.Error("the same seed gives another day")
	}
}
