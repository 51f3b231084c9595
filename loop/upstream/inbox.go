// Proved by TestComes.

package upstream

import (
	"context"
	"sync"
)

// maxInbox is how many bytes from one upstream may wait to be published here. Above that nothing more is read from it: its own
// limits for slow clients hold then, and it tells what it drops.
const maxInbox = 1 << 20

// inbox is what has come from one upstream and is not published yet, in order.
type inbox struct {
	soon chan struct{} // has one entry when there is something

	mu      sync.Mutex
	changed *sync.Cond
	list    []Publication
	bytes   int
	closed  bool
}

func newInbox() *inbox {
	b := &inbox{soon: make(chan struct{}, 1)}
	b.changed = sync.NewCond(&b.mu)
	return b
}

func sizeOf(p *Publication) int { return len(p.Channel) + len(p.Data) + parcelBytes }

// put appends a publication, and waits for room before. Once the inbox is closed it keeps nothing.
func (b *inbox) put(p Publication) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.bytes > maxInbox && !b.closed {
		b.changed.Wait()
	}
	if b.closed {
		return
	}
	b.list = append(b.list, p)
	b.bytes += sizeOf(&p)
	select {
	case b.soon <- struct{}{}:
	default:
	}
}

// take gives at most so many publications, after there are any. It gives none when ctx is done.
func (b *inbox) take(ctx context.Context, most int) []Publication {
	for {
		if list := b.first(most); len(list) > 0 {
			return list
		}
		select {
		case <-b.soon:
		case <-ctx.Done():
			return nil
		}
	}
}

func (b *inbox) first(most int) (list []Publication) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(most, len(b.list))
	list, b.list = b.list[:n:n], b.list[n:]
	for i := range list {
		b.bytes -= sizeOf(&list[i])
	}
	b.changed.Broadcast()
	return list
}

// close lets nobody wait any more.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.changed.Broadcast()
}
