package loop

import "time"

// turns are how long a loop's turns take: a turn handles one event of a socket, or one
// task. The loop's other clients wait meanwhile.
type turns struct {
	begun    time.Duration // when the turn began, since the server's start; 0 in none
	received uint64        // messages that the loop had received by then
	worked   uint64        // units of work that it had done by then

	busy         time.Duration // all turns together
	longest      time.Duration
	mostMessages uint64 // that one turn has received
	mostWork     uint64 // units that one turn has done
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
	t.busy += took
	t.longest = max(t.longest, took)
	t.mostMessages = max(t.mostMessages, r.core.Received()-t.received)
	t.mostWork = max(t.mostWork, r.core.Worked()-t.worked)
	t.begun = 0
}

// Turns tells of the turns of one event loop since the server's start.
type Turns struct {
	Busy         time.Duration // all of them together
	Longest      time.Duration
	MostMessages uint64 // received in one of them
	MostWork     uint64 // units of work done in one of them, see bayeux.Stats
}

// Kept is how many bytes clients make the server keep, by owner.
type Kept struct {
	Output    int // written to connections that have not taken it, below the kernel
	Input     int // of requests and frames that have not come whole, or wait for a reply
	Queues    int // of sessions: what each has, though several may share an event
	Nodes     int // of the queues, used or not
	Mailboxes int // from loop to loop
	History   int // remembered

	Subscriptions int // in the tables of the loops
}

// kept adds up what a loop keeps.
func (r *reactor) kept() Kept {
	k := Kept{Input: r.waiting.all, Mailboxes: r.mailbox.kept()}
	k.Queues, k.Nodes, k.Subscriptions = r.core.Kept()
	for slot := range r.slow {
		k.Output += r.conns.At(slot).socket.Unsent()
	}
	for _, l := range r.lined {
		k.Input += l.bytes
	}
	return k
}

func (k *Kept) add(other Kept) {
	k.Output += other.Output
	k.Input += other.Input
	k.Queues += other.Queues
	k.Nodes += other.Nodes
	k.Mailboxes += other.Mailboxes
	k.Subscriptions += other.Subscriptions
}
