// Proved by bayeux/testdata/authority-expiry.txt and TestClaimsAreBounded.

package bayeux

import "halley/bayeux/wheel"

// grants are what an authority has given to sessions, by slot: claims, and when they end.
// Without an authority there are none, and nothing is kept.
type grants struct {
	claims map[uint32]string
	bytes  int          // of claims
	ends   *wheel.Wheel // nil while nothing has ended by it
	due    []uint32     // scratch of expired
}

// give notes what an allowing verdict gives to the session at slot.
func (g *grants) give(slot uint32, now int64, v Verdict) {
	if v.Claims != "" {
		if g.claims == nil {
			g.claims = make(map[uint32]string)
		}
		g.bytes += len(v.Claims) - len(g.claims[slot])
		g.claims[slot] = v.Claims
	}
	if v.Expiry != 0 {
		if g.ends == nil {
			g.ends = wheel.New(wheelTick, wheelSlots, now)
		}
		g.ends.Set(slot, v.Expiry)
	}
}

// forget takes everything from the session at slot, which ends.
func (g *grants) forget(slot uint32) {
	g.bytes -= len(g.claims[slot])
	delete(g.claims, slot)
	if g.ends != nil {
		g.ends.Cancel(slot)
	}
}

// expired are at most max slots whose time is over, each once. It is valid until the
// next call.
func (g *grants) expired(now int64, max int) []uint32 {
	if g.ends == nil {
		return nil
	}
	g.due = g.ends.Advance(now, max, g.due[:0])
	return g.due
}
