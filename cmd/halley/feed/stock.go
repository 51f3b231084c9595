// Proved by TestMarketLooksLikeOne and TestVolatilityClusters.

package feed

import (
	"math"
	"math/rand/v2"
)

// How a price moves from trade to trade, in logarithms. Variance follows
// GARCH(1,1): calm trades follow calm ones, wild ones wild ones.
const (
	usualVolatility = 3e-4 // per trade, a day of some thousands makes about 2 %
	shock           = 0.08 // weight of the last move in the next variance
	persistence     = 0.90 // weight of the last variance
	pull            = 2e-4 // back to the fair value, so that a demo of days stays believable
	usualSpread     = 2.5e-4
	spreadPull      = 0.05 // of the spread's logarithm to the usual one
	spreadNoise     = 0.12
	sameSide        = 0.65 // chance that a buy follows a buy
)

// stock is one listing's state.
type stock struct {
	symbol   string
	base     float64 // trades per second without excitement
	heat     float64 // excitement, trades per second on top
	usual    float64 // usual volatility of one trade
	variance float64
	fair     float64 // dollars
	mid      float64 // dollars
	spread   float64 // logarithm of its multiple of the usual one
	buying   bool
	last     Tick
}

// newStock opens a listing with a gap from its close and a morning's volume.
func newStock(q quote, base float64, rng *rand.Rand) stock {
	usual := usualVolatility * q.daily
	s := stock{symbol: q.symbol, base: base, usual: usual, variance: usual * usual}
	s.mid = q.close * math.Exp(rng.NormFloat64()*usual*25)
	s.fair = s.mid
	opening := max(1, cents(s.mid))
	s.last = Tick{
		Symbol: q.symbol, PreviousClose: cents(q.close), Price: opening,
		Open: opening, High: opening, Low: opening,
		Volume: 100 * int64(2000*q.share*(1+rng.Float64())),
	}
	return s
}

// trade moves the price and makes a tick of it.
func (s *stock) trade(rng *rand.Rand) Tick {
	s.move(rng)
	s.heat += offspring / memory
	half := s.mid * usualSpread * math.Exp(s.spread) / 2
	t := &s.last
	t.Bid = max(1, int64(math.Floor((s.mid-half)*100)))
	t.Ask = max(t.Bid+1, int64(math.Ceil((s.mid+half)*100)))
	if rng.Float64() > sameSide {
		s.buying = !s.buying
	}
	t.Price = t.Bid
	if s.buying {
		t.Price = t.Ask
	}
	t.High, t.Low = max(t.High, t.Price), min(t.Low, t.Price)
	t.Size = s.size(rng)
	t.Volume += t.Size
	t.Trades++
	return *t
}

// move takes one step of the mid price and of the spread.
func (s *stock) move(rng *rand.Rand) {
	step := math.Sqrt(s.variance) * fatTail(rng)
	ceiling := 64 * s.usual * s.usual
	s.variance = min(ceiling, (1-shock-persistence)*s.usual*s.usual+shock*step*step+persistence*s.variance)
	s.mid *= math.Exp(step + pull*math.Log(s.fair/s.mid))
	nervous := math.Log(math.Sqrt(s.variance) / s.usual)
	s.spread += spreadPull*(nervous-s.spread) + spreadNoise*rng.NormFloat64()
}

// fatTail is a normal variable that is now and then larger than it should be.
func fatTail(rng *rand.Rand) float64 {
	z := rng.NormFloat64()
	if rng.Float64() < 0.04 {
		z *= 2.5
	}
	return z
}

// size is mostly a round lot, now and then a block or an odd lot, and larger
// while a stock is hot.
func (s *stock) size(rng *rand.Rand) int64 {
	if rng.Float64() < 0.12 {
		return 1 + rng.Int64N(99)
	}
	lots := math.Pow(1-rng.Float64(), -1/1.6) // Pareto
	lots *= 1 + min(2, s.heat/(s.base+0.2))/2
	return 100 * int64(min(lots, 200))
}

func cents(dollars float64) int64 { return int64(math.Round(dollars * 100)) }
