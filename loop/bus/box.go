package bus

import (
	"sync"
	"sync/atomic"

	"halley/bayeux/event"
)

// MessageCost is what a message counts for in a box beside its data, in bytes. Few kinds take as much, and none takes more.
const MessageCost = 144

// Box is a loop's only entrance for other goroutines: a FIFO of messages and local tasks that is swapped out whole, so that
// posting costs an append under a lock, and one call of wake a burst.
type Box struct {
	limit     int           // of size and working together, above which the box counts as congested
	congested *atomic.Int32 // how many boxes are
	wake      func()

	mu      sync.Mutex
	waiting Inbox
	size    int // bytes that wait, events included
	working int // likewise, of what was swapped out last and is being worked off
	over    bool
	armed   bool
}

// NewBox returns a box that counts in congested while it has more than limit bytes. It calls wake, outside of its lock, when
// there is something to do for a loop that has found the box empty.
func NewBox(limit int, congested *atomic.Int32, wake func()) *Box {
	return &Box{limit: limit, congested: congested, wake: wake}
}

// Post appends m with a copy of its effect and data.
func (b *Box) Post(m *Message) {
	b.mu.Lock()
	b.waiting.push(m)
	wake := b.added(MessageCost+len(m.Data)+len(m.Event), m.Quiet)
	b.mu.Unlock()
	if wake {
		b.wake()
	}
}

// PostEvents appends a Publish of each event, together: the loop gets all or none of them at once. It keeps list.
func (b *Box) PostEvents(list []event.Event) {
	size := MessageCost * len(list)
	for _, e := range list {
		size += len(e)
	}
	b.mu.Lock()
	b.waiting.pushEvents(list)
	wake := b.added(size, false)
	b.mu.Unlock()
	if wake {
		b.wake()
	}
}

// Do has the loop run a task, behind what was posted before. A task is a call within this process, and no message.
func (b *Box) Do(task func()) {
	b.mu.Lock()
	b.waiting.pushTask(task)
	wake := b.added(MessageCost, false)
	b.mu.Unlock()
	if wake {
		b.wake()
	}
}

// added accounts for that many more bytes, which need not be looked at at once if they are quiet.
func (b *Box) added(bytes int, quiet bool) (wake bool) {
	b.size += bytes
	b.weigh()
	if quiet {
		return false
	}
	wake = !b.armed
	b.armed = true
	return wake
}

// Swap exchanges what waits for an inbox whose messages were worked off, and empties that. Without any the box is disarmed:
// the next post wakes the loop again.
func (b *Box) Swap(in *Inbox) {
	in.reset()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting, *in = *in, b.waiting
	b.size, b.working = 0, b.size
	b.weigh()
	b.armed = in.Left() > 0
}

// weigh notes whether the box has become congested, or no longer is.
func (b *Box) weigh() {
	switch over := b.size+b.working > b.limit; {
	case over && !b.over:
		b.congested.Add(1)
		b.over = true
	case !over && b.over:
		b.congested.Add(-1)
		b.over = false
	}
}

// Takes tells whether that many bytes more fit.
func (b *Box) Takes(bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.size+b.working+bytes <= b.limit
}

// Kept is how many bytes wait, and how many are being worked off.
func (b *Box) Kept() (waiting, working int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.size, b.working
}

// Waits tells whether there is anything in the box.
func (b *Box) Waits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiting.Left() > 0
}
