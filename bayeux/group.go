// Proved by TestGroupSize and TestLateGroupsAreSmall.

package bayeux

const (
	// deliverBytes is how much is put on a stream before its fate is known: what a
	// slow client can keep in the loop's buffers, beside its queue.
	deliverBytes = 64 << 10

	// narrowest is how often deliverBytes is halved at most: to 8 KiB.
	narrowest = 3
)

// LateAfter is how many milliseconds a group on a stream may take to leave.
const LateAfter = 100

// groupSize is how many events go on a session's stream at once.
type groupSize struct {
	halvings uint8 // of deliverBytes
	late     bool  // the group in flight has been long in leaving
}

// bytes is how many bytes the next group may have.
func (g *groupSize) bytes() int { return deliverBytes >> g.halvings }

// took notes how many milliseconds the group in flight took to leave.
func (g *groupSize) took(ms int64) {
	for g.late = true; ms > LateAfter && g.halvings < narrowest; ms /= 2 {
		g.halvings++
	}
}

// fit makes groups larger again after one that was not late and that others wait behind.
func (g *groupSize) fit(more bool) {
	if !g.late && more && g.halvings > 0 {
		g.halvings--
	}
	g.late = false
}
