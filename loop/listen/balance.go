package listen

import (
	"slices"
	"sync/atomic"
)

// Balance tells whether connections would be spread evenly over some sockets by their clients' addresses. It counts those that
// are open by the socket that each would go to, whichever it has come by. Any goroutine may use it.
type Balance struct {
	open []atomic.Int64
	all  atomic.Int64
}

// The bounds of a balance.
const (
	// enough is how many connections there must be for each socket: of fewer, chance alone would decide.
	enough = 64
	// even is up to what multiple of its share the fullest may get for the choice to be made by address. Where it is not, half
	// of the clients' polls are forwarded, which makes all loops do 1.12 times the work: so no loop gets more than it had.
	even = 1.12
	// uneven is above what multiple it is made so no longer.
	uneven = 1.3
	// lookEvery is how many connections come between two looks at the balance.
	lookEvery = 32
)

// NewBalance makes one of so many sockets.
func NewBalance(sockets int) *Balance { return &Balance{open: make([]atomic.Int64, sockets)} }

// Opened counts a connection, and tells whether it is time to look at the balance again.
func (b *Balance) Opened(socket int) (look bool) {
	b.open[socket].Add(1)
	return b.all.Add(1)%lookEvery == 0
}

// Closed counts one less.
func (b *Balance) Closed(socket int) {
	b.open[socket].Add(-1)
	b.all.Add(-1)
}

// Holds tells whether connections should go by address from now on, if they did until now or not.
func (b *Balance) Holds(before bool) bool {
	counts, all := make([]int64, len(b.open)), int64(0)
	for i := range b.open {
		counts[i] = b.open[i].Load()
		all += counts[i]
	}
	if all < int64(enough*len(counts)) {
		return before
	}
	fullest := float64(slices.Max(counts)) * float64(len(counts)) / float64(all)
	if before {
		return fullest <= uneven
	}
	return fullest <= even
}
