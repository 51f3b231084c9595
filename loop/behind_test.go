package loop

import "testing"

// A loop that has more in its mailbox than it handles at a time ends no session: its
// client's request may be there.
func TestLoopBehindEndsNoSession(t *testing.T) {
	b := newBench(t, 0)
	r := b.server.reactors[0]
	b.handshake(t, b.open())
	for range 2 * turnEntries {
		b.server.post(0, entry{kind: entryCall, call: func(*reactor) {}}, nil)
	}
	r.drainMailbox()
	sessions := r.core.Stats().Sessions
	r.clock += b.server.cfg.MaxInterval.Milliseconds() * 10
	r.tick()
	equal(t, r.core.Stats().Sessions, sessions)
	for r.cursor < len(r.inbox.entries) {
		r.drainMailbox()
	}
	r.clock += b.server.cfg.MaxInterval.Milliseconds() * 10
	r.tick()
	equal(t, r.core.Stats().Sessions, 0)
}
