package loop

import "time"

// turns are how long a loop's turns take: a turn handles one event of a socket, or one
// task. The loop's other clients wait meanwhile.
type turns struct {
	begun    time.Duration // when the turn began, since the server's start; 0 in none
	received uint64        // messages that the loop had received by then
	worked   uint64        // units of work that it had done by then

	LoopStats
}

// beginTurn reads the clock, once for each event of a socket and each task. It tells
// whether a turn begins, which the caller ends: OnClose may come within another one.
func (r *reactor) beginTurn() (begins bool) {
	now := time.Since(r.server.start)
	r.clock = r.server.start.UnixMilli() + now.Milliseconds()
	if r.turns.begun != 0 {
		return false
	}
	r.turns.begun, r.turns.received, r.turns.worked = max(1, now), r.core.Received(), r.core.Worked()
	r.core.BeginTurn()
	return true
}

// turnOver ends a turn.
func (r *reactor) turnOver() {
	t := &r.turns
	took := time.Since(r.server.start) - t.begun
	t.Busy += took
	t.Longest = max(t.Longest, took)
	t.MostMessages = max(t.MostMessages, r.core.Received()-t.received)
	t.MostWork = max(t.MostWork, r.core.Worked()-t.worked)
	t.begun = 0
}

// kept adds up what a loop keeps.
func (r *reactor) kept() Kept {
	k := Kept{Input: r.input.waiting.all, Output: r.output.waits()}
	waiting, working := r.box.Kept()
	k.Mailboxes = waiting + working
	k.Queues, k.Nodes, k.Subscriptions = r.core.Kept()
	k.Claims = r.core.Claims()
	for _, l := range r.lined {
		k.Input += l.bytes
	}
	return k
}
