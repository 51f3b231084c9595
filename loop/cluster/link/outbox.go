// Proved by TestOrderAndBatches, TestLongMessages and TestOutboxIsBounded.

package link

import (
	"encoding/binary"
	"sync"

	"halley/loop/bus"
)

// outbox is the messages that wait to be sent to a node, in batches of which none is longer than most bytes.
type outbox struct {
	most  int
	limit int // of bytes in all

	mu      sync.Mutex
	full    [][]byte // whole batches
	open    []byte   // the one that messages are added to; empty: none
	bytes   int
	closed  bool
	due     urgency
	usual   int    // bytes that a batch has had of late
	scratch []byte // a message that needs more than one batch
}

// urgency says when what waits is to be sent.
type urgency uint8

const (
	idle urgency = iota // nothing waits
	soon                // with the next message, or when a little time is over
	now
)

// leastBatch is how many bytes a batch is made for at least.
const leastBatch = 1024

func newOutbox(most, limit int) outbox { return outbox{most: most, limit: limit, usual: leastBatch} }

// added is what became of a message.
type added uint8

const (
	taken   added = iota
	shut          // the node is gone
	crowded       // too much waits for a request to be passed on
	spilled       // more waits than may
)

// add adds a message, and tells when what waits is to be sent: idle if that was known before.
func (o *outbox) add(m *bus.Message) (became added, when urgency) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch asks := m.Kind == bus.Batch || m.Kind == bus.Open; {
	case o.closed:
		return shut, idle
	case asks && o.bytes > 0 && (o.bytes > o.limit/2 || o.bytes+len(m.Data) > o.limit):
		return crowded, idle
	}
	before := o.bytes
	if o.append(m); o.bytes > o.limit && before > 0 {
		return spilled, idle
	}
	if when = now; m.Quiet {
		when = soon
	}
	if when <= o.due {
		return taken, idle
	}
	o.due = when
	return taken, when
}

// append appends a message to the open batch, or to new ones.
func (o *outbox) append(m *bus.Message) {
	o.bytes -= len(o.open)
	defer func() { o.bytes += len(o.open) }()
	if len(o.open) == 0 {
		o.open = make([]byte, headerSize, o.usual)
	}
	start := len(o.open)
	o.open = append(o.open, 0, 0, 0, 0)
	o.open = bus.AppendMessage(o.open, m)
	size := len(o.open) - start - lengthSize
	binary.BigEndian.PutUint32(o.open[start:], uint32(size))
	if len(o.open) <= o.most {
		return
	}
	o.scratch = append(o.scratch[:0], o.open[start+lengthSize:]...)
	if o.open = o.open[:start]; start > headerSize {
		o.next()
	}
	for text := o.scratch; len(text) > 0; {
		n := min(len(text), o.most-headerSize-lengthSize)
		length := uint32(n)
		if n < len(text) {
			length |= goesOn
		}
		o.open = append(binary.BigEndian.AppendUint32(o.open, length), text[:n]...)
		if text = text[n:]; len(text) > 0 {
			o.next()
		}
	}
	if cap(o.scratch) > keepScratch {
		o.scratch = nil
	}
}

// keepScratch is what an outbox keeps of a long message's memory.
const keepScratch = 1 << 18

// next begins the next batch.
func (o *outbox) next() {
	o.bytes += len(o.open)
	o.full = append(o.full, o.open)
	o.open = make([]byte, headerSize, o.usual)
}

// take takes the batches that wait. They are the caller's.
func (o *outbox) take() (list [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	list = o.full
	if len(o.open) > 0 {
		list = append(list, o.open)
		o.usual = max(leastBatch, (3*o.usual+len(o.open))/4)
	}
	o.full, o.open, o.bytes, o.due = nil, nil, 0, idle
	return list
}

// giveBack has batches that were taken and not sent wait again, before all others.
func (o *outbox) giveBack(list [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	for _, b := range list {
		o.bytes += len(b)
	}
	o.full = append(list, o.full...)
}

// close drops what waits, and takes nothing any more.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.full, o.open, o.bytes, o.closed = nil, nil, 0, true
}

func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}
