package spread

import (
	"context"
	"sync"
	"time"

	"halley/bayeux/event"
)

// inbox are events from other nodes on their way to the event loops. All that waits goes together.
type inbox struct {
	soon chan struct{} // has one entry when there are some

	mu    sync.Mutex
	list  []event.Event
	bytes int
}

// mostInbox is how many bytes of events may wait, with what each takes beside its text: several times what comes in a second that the
// loops are behind. Above that events count as lost on their way.
const (
	mostInbox = 32 << 20
	eventCost = 64
)

func newInbox() *inbox { return &inbox{soon: make(chan struct{}, 1)} }

// takes tells whether one more event has room. Only one goroutine adds some.
func (b *inbox) takes(size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes+size+eventCost <= mostInbox
}

func (b *inbox) add(e event.Event) {
	b.mu.Lock()
	b.list = append(b.list, e)
	b.bytes += len(e) + eventCost
	b.mu.Unlock()
	select {
	case b.soon <- struct{}{}:
	default:
	}
}

// mostTogether is how many events go to the event loops at once.
const mostTogether = 1024

// take takes what waits, some at once.
func (b *inbox) take() (list []event.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if list = b.list; len(list) <= mostTogether {
		b.list, b.bytes = nil, 0
		return list
	}
	b.list = list[mostTogether:]
	list = list[:mostTogether:mostTogether]
	for _, e := range list {
		b.bytes -= len(e) + eventCost
	}
	return list
}

// busyPause is how long the event loops are given to work off what they have.
const busyPause = 5 * time.Millisecond

// deliver brings what comes to the event loops, until ctx is done. While more waits for these than should, it waits here.
func (b *inbox) deliver(ctx context.Context, s Server) {
	for {
		for list := b.take(); len(list) > 0; list = b.take() {
			for s.Busy() {
				select {
				case <-time.After(busyPause):
				case <-ctx.Done():
					return
				}
			}
			s.Arrived(list)
		}
		select {
		case <-b.soon:
		case <-ctx.Done():
			return
		}
	}
}
