// Proved by TestMailboxIsInOrder.

package client

import "sync"

// mailbox runs functions one after the other, in the order in which they were
// posted. They have one goroutine, which lives as long as there is something to run,
// so a client that nobody uses any more needs no end. Posting never waits.
type mailbox struct {
	mu      sync.Mutex
	waiting []func()
	running bool
}

func (b *mailbox) post(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, f)
	if !b.running {
		b.running = true
		go b.run()
	}
}

// run takes what waits until nothing does.
func (b *mailbox) run() {
	for {
		b.mu.Lock()
		work := b.waiting
		b.waiting = nil
		b.running = len(work) > 0
		b.mu.Unlock()
		if len(work) == 0 {
			return
		}
		for _, f := range work {
			f()
		}
	}
}
