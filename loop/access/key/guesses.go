package key

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"sync"
	"time"

	"halley/loop/address"
)

// Guesses bounds how many different wrong keys an address may try. A wrong key that is sent again and again is a
// program with an old key and no guess: it keeps nobody else at its address away.
type Guesses struct {
	perMinute int
	mu        sync.Mutex
	of        map[netip.Prefix]*guesser
}

// guesser is an address that has sent wrong keys.
type guesser struct {
	left  float64 // guesses that it has at the time at
	at    time.Time
	wrong [4][sha256.Size]byte // the last ones
	next  int                  // of wrong, to be replaced
}

// maxGuessers bounds how many addresses are remembered.
const maxGuessers = 4096

// NewGuesses allows so many guesses a minute; 0 sets no limit.
func NewGuesses(perMinute int) *Guesses {
	return &Guesses{perMinute: perMinute, of: make(map[netip.Prefix]*guesser)}
}

// Wait is how long an address has to wait before what it gave may be looked at: 0 as long as it has guesses.
func (g *Guesses) Wait(client netip.Addr, given string, now time.Time) time.Duration {
	if g.perMinute == 0 {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.of[address.Network(client)]
	if who == nil {
		return 0
	}
	who.refill(g.perMinute, now)
	if who.left >= 1 || who.knows(given) {
		return 0
	}
	return time.Duration((1 - who.left) * float64(time.Minute) / float64(g.perMinute))
}

// Wrong notes that a key was wrong, and tells whether it is another one than the last.
func (g *Guesses) Wrong(client netip.Addr, given string, now time.Time) (another bool) {
	if g.perMinute == 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	source := address.Network(client)
	who := g.of[source]
	if who == nil {
		g.makeRoom(now)
		who = &guesser{left: float64(g.perMinute), at: now}
		g.of[source] = who
	}
	if who.knows(given) {
		return false
	}
	who.refill(g.perMinute, now)
	who.left = max(0, who.left-1)
	who.wrong[who.next] = sha256.Sum256([]byte(given))
	who.next = (who.next + 1) % len(who.wrong)
	return true
}

// makeRoom forgets addresses that have all their guesses again, and any other until an eighth is free: so one in many new
// addresses has all others looked at, and not each.
func (g *Guesses) makeRoom(now time.Time) {
	if len(g.of) < maxGuessers {
		return
	}
	for source, who := range g.of {
		if who.refill(g.perMinute, now); who.left >= float64(g.perMinute) {
			delete(g.of, source)
		}
	}
	for source := range g.of {
		if len(g.of) <= maxGuessers-maxGuessers/8 {
			return
		}
		delete(g.of, source)
	}
}

func (w *guesser) refill(perMinute int, now time.Time) {
	if passed := now.Sub(w.at); passed > 0 {
		w.left = min(float64(perMinute), w.left+passed.Minutes()*float64(perMinute))
		w.at = now
	}
}

func (w *guesser) knows(given string) bool {
	return slices.Contains(w.wrong[:], sha256.Sum256([]byte(given)))
}
