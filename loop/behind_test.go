package loop

import "testing"

// A loop that has more in its mailbox than it handles at a time ends no session: its
// client's request may be there.
func TestLoopBehindEndsNoSession(t *testing.T) {
	b := newBench(t, 0)
	r := b.server.reactors[0]
	b.handshake(t, b.open())
	for range 2 * turnEntries {
		b.server.do(0, func(*reactor) {})
	}
	r.drainMailbox()
	sessions := r.core.Stats().Sessions
	r.clock += b.server.cfg.MaxInterval.Milliseconds() * 10
	r.tick()
	equal(t, r.core.Stats().Sessions, sessions)
	for r.inbox.Left() > 0 {
		r.drainMailbox()
	}
	r.clock += b.server.cfg.MaxInterval.Milliseconds() * 10
	r.tick()
	equal(t, r.core.Stats().Sessions, 0)
}
