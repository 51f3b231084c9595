package loop

import (
	"time"

	"halley/bayeux"
)

// turns are how long a loop's turns take: a turn handles one event of a socket, or one
// task. The loop's other clients wait meanwhile.
type turns struct {
	begun    time.Duration // when the turn began, since the server's start; 0 in none
	received uint64        // messages that the loop had received by then
	worked   uint64        // units of work that it had done by then

	LoopStats
}

// begin notes that a turn begins, at a time since the server's start, and tells whether it does: one may come within another.
func (t *turns) begin(core *bayeux.Server, now time.Duration) bool {
	if t.begun != 0 {
		return false
	}
	t.begun, t.received, t.worked = max(1, now), core.Received(), core.Worked()
	core.BeginTurn()
	return true
}

// end notes that the turn is over.
func (t *turns) end(core *bayeux.Server, now time.Duration) {
	took := now - t.begun
	t.Busy += took
	t.Lengths.Observe(took)
	t.Longest = max(t.Longest, took)
	t.MostMessages = max(t.MostMessages, core.Received()-t.received)
	t.MostWork = max(t.MostWork, core.Worked()-t.worked)
	t.begun = 0
}
