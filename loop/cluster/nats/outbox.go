// Proved by TestOutbox.

package nats

import (
	"sync"

	"halley/loop/cluster/wire"
)

// action is what the goroutine that writes does with an item.
type action uint8

const (
	publish action = iota
	align          // have NATS know a subject if there are handlers of it, and else not
)

// item is one thing to do, in its place among the others.
type item struct {
	action  action
	message wire.Message // to align, its subject alone
}

// size is how many bytes an item counts for, about what it takes in memory and on the wire.
func (i *item) size() int { return len(i.message.Data) + envelope(&i.message) }

// outbox is what waits to go to NATS. It takes nothing while it is shut, since what comes after the connection is back was not meant
// for those who have waited for it.
type outbox struct {
	most  int           // bytes that may wait
	ready chan struct{} // has an entry if there may be something to do

	mu      sync.Mutex
	open    bool
	items   []item
	spare   []item // what was taken last time
	bytes   int    // of items
	leaving int    // bytes of those taken last time
	lost    uint64 // messages that came while it was shut, or that it was shut with
	refused uint64 // messages that there was no room for
}

func newOutbox(most int) *outbox { return &outbox{most: most, ready: make(chan struct{}, 1)} }

// put adds an item; false: there is no room for it. For a subject to align there is always room.
func (o *outbox) put(i item) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := i.size()
	switch {
	case !o.open:
		if i.action == publish {
			o.lost++
		}
		return true
	case i.action == publish && o.bytes+o.leaving > 0 && o.bytes+o.leaving+size > o.most:
		o.refused++
		return false
	}
	o.bytes += size
	if o.items = append(o.items, i); len(o.items) == 1 {
		select {
		case o.ready <- struct{}{}:
		default:
		}
	}
	return true
}

// take returns what there is to do, which is valid until the next call.
func (o *outbox) take() []item {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.items
	if clear(o.spare); cap(o.spare) > mostSpare {
		o.spare = nil
	}
	o.items, o.spare = o.spare[:0], list
	o.bytes, o.leaving = 0, o.bytes
	return list
}

// mostSpare is for how many items room is kept.
const mostSpare = 1 << 14

// set opens or shuts it. Either way what was in it is gone.
func (o *outbox) set(open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.items {
		if o.items[i].action == publish {
			o.lost++
		}
	}
	clear(o.items)
	o.open, o.items, o.bytes, o.leaving = open, o.items[:0], 0, 0
}

// lose counts messages that were taken and did not go.
func (o *outbox) lose(list []item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range list {
		if list[i].action == publish {
			o.lost++
		}
	}
}

// waiting is how many bytes wait.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes + o.leaving
}

// counts are the messages that were lost and refused.
func (o *outbox) counts() (lost, refused uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost, o.refused
}
