package upstream

import (
	"sync"
	"time"

	"halley/bayeux/event"
)

// parcel is an event on its way to an upstream.
type parcel struct {
	event  event.Event
	number uint64 // of this server, for one that has none
	since  time.Time
}

// parcelBytes is what a parcel takes beside its event, about.
const parcelBytes = 64

// outbox is what waits for one upstream, in order. When it is full the oldest goes: what is new is worth more, and the order stays.
type outbox struct {
	limit int
	soon  chan struct{} // has one entry when there is something

	mu      sync.Mutex
	list    []parcel
	first   int // of the list that waits
	bytes   int
	taken   int // the first so many are being passed on
	dropped uint64
}

func newOutbox(limit int) *outbox { return &outbox{limit: limit, soon: make(chan struct{}, 1)} }

// put appends a parcel. It does not wait.
func (b *outbox) put(p parcel) {
	b.mu.Lock()
	b.list = append(b.list, p)
	b.bytes += len(p.event) + parcelBytes
	for b.bytes > b.limit && len(b.list)-b.first > b.taken+1 {
		b.drop()
	}
	b.mu.Unlock()
	select {
	case b.soon <- struct{}{}:
	default:
	}
}

// drop drops the oldest parcel that is not being passed on.
func (b *outbox) drop() {
	at := b.first + b.taken
	b.bytes -= len(b.list[at].event) + parcelBytes
	copy(b.list[b.first+1:at+1], b.list[b.first:at])
	b.list[b.first] = parcel{}
	b.first++
	b.dropped++
	b.trim()
}

// trim gives back the room in front.
func (b *outbox) trim() {
	if b.first > 1024 && b.first > len(b.list)/2 {
		n := copy(b.list, b.list[b.first:])
		clear(b.list[n:])
		b.list, b.first = b.list[:n], 0
	}
	if b.first == len(b.list) {
		b.list, b.first = b.list[:0], 0
	}
}

// take gives the oldest parcels, as many as fit in a request, and keeps them until they are passed.
func (b *outbox) take(messages, bytes int) []parcel {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting, n := b.list[b.first:], 0
	for n < len(waiting) && n < messages {
		if bytes -= len(waiting[n].event); bytes < 0 && n > 0 {
			break
		}
		n++
	}
	b.taken = n
	return append([]parcel(nil), waiting[:n]...)
}

// passed takes off the first of those that were taken, and lets go of the others.
func (b *outbox) passed(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range n {
		p := &b.list[b.first+i]
		b.bytes -= len(p.event) + parcelBytes
		*p = parcel{}
	}
	b.first += n
	b.taken = 0
	b.trim()
}

// lag is the age of the oldest parcel, and waiting how many there are.
func (b *outbox) state(now time.Time) (lag time.Duration, waiting int, dropped uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if waiting = len(b.list) - b.first; waiting > 0 {
		lag = now.Sub(b.list[b.first].since)
	}
	return lag, waiting, b.dropped
}
