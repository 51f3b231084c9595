package client

import (
	"time"

	"halley/bench/hist"
	"halley/bench/plan"
	"halley/bench/wire"
)

// publishing is the state of all publications of a process: what is due, which publisher
// is to send it, and what the server said to it.
type publishing struct {
	lines   []line
	record  *record
	current Publication
	next    int // message of the current publication that is due next

	planned, published, refused, unknown int64 // as in Progress

	lag     *hist.Histogram
	symbols *plan.Symbols
	names   []string
	run     uint32
	size    int
}

// line is one publisher's queue. Every symbol belongs to one line and a line has one
// request under way at a time, so the messages of a channel leave in order.
type line struct {
	queue    []item
	batch    []item // messages of the request under way
	firstID  uint32 // of the batch's messages, which go on from there
	asked    bool
	resumeAt int64
}

// item is a message; its number is given when it is written, so that what never leaves has none.
type item struct {
	planned  int64
	symbol   int
	sequence uint32
	row      string
}

const (
	batchMessages = 64
	batchBytes    = 32 << 10
	retryPublish  = int64(100 * time.Millisecond)
)

func newPublishing(c *Config, r *record) *publishing {
	return &publishing{lines: make([]line, c.Publishers), record: r, lag: hist.New(), symbols: c.Symbols, names: c.Names, run: c.Run, size: c.Size}
}

// start begins a publication at its time or now; one that is under way is cut short.
func (p *publishing) start(next Publication, now int64) {
	if next.Start == 0 {
		next.Start = now
	}
	p.planned += int64(next.count())
	p.current, p.next = next, 0
}

func (p *publishing) done() bool { return p.next >= p.current.count() && p.pending() == 0 }

// pending is how many messages are due and not answered yet.
func (p *publishing) pending() (n int64) {
	for i := range p.lines {
		n += int64(len(p.lines[i].queue) + len(p.lines[i].batch))
	}
	return n
}

// wake is when there will be something to do, but not after next.
func (p *publishing) wake(next int64) int64 {
	if p.next < p.current.count() {
		next = min(next, p.current.due(p.next))
	}
	for n := range p.lines {
		if l := &p.lines[n]; len(l.queue) > 0 && !l.asked && l.resumeAt > 0 {
			next = min(next, l.resumeAt)
		}
	}
	return next
}

// enqueue gives what is due to the lines.
func (p *publishing) enqueue(now int64) {
	for ; p.next < p.current.count() && p.current.due(p.next) <= now; p.next++ {
		it := item{planned: p.current.due(p.next)}
		if p.current.Ticks != nil {
			it.symbol, it.row = p.current.Ticks[p.next].Symbol, p.current.Ticks[p.next].Row
		} else {
			it.symbol = p.symbols.Pick(p.current.First + p.next)
		}
		l := &p.lines[it.symbol%len(p.lines)]
		l.queue = append(l.queue, it)
	}
}

// claim reports whether a line has something to send and may, and if so takes it as asked for.
func (p *publishing) claim(n int, now int64) bool {
	l := &p.lines[n]
	if len(l.queue) == 0 || l.asked || now < l.resumeAt {
		return false
	}
	l.asked = true
	return true
}

// take moves a batch from a line's queue into dst, as from a client whose last message
// had the number id, and returns the number of the last. It is called when the request is written.
func (p *publishing) take(dst []byte, n int, clientID string, id uint32, now int64) ([]byte, uint32) {
	l, start := &p.lines[n], len(dst)
	dst = append(dst, '[')
	var data []byte
	l.firstID = id + 1
	for len(l.queue) > 0 && len(l.batch) < batchMessages && len(dst)-start < batchBytes {
		it := l.queue[0]
		l.queue = l.queue[1:]
		if len(l.batch) > 0 {
			dst = append(dst, ',')
		}
		it.sequence = p.record.number(it.symbol, it.planned)
		id++
		data = wire.AppendPayload(data[:0], wire.Payload{Planned: it.planned, Sequence: it.sequence, Run: p.run}, p.size, it.row)
		dst = wire.AppendPublish(dst, clientID, p.names[it.symbol], data, id)
		p.lag.Record(now - it.planned)
		l.batch = append(l.batch, it)
	}
	return append(dst, ']'), id
}

// settle ends the request under way on a line, whose messages at the places were refused.
func (p *publishing) settle(n int, refused []int) {
	l := &p.lines[n]
	for _, place := range refused {
		p.refuse(l, place)
	}
	p.published += int64(len(l.batch))
	l.batch, l.asked, l.resumeAt = l.batch[:0], false, 0
}

func (p *publishing) refuse(l *line, place int) {
	if place < 0 || place >= len(l.batch) {
		return
	}
	p.record.refuse(l.batch[place].symbol, l.batch[place].sequence)
	p.refused++
}

// refuseAll notes that the server has refused all messages of the request under way.
func (p *publishing) refuseAll(n int) {
	for place := range p.lines[n].batch {
		p.refuse(&p.lines[n], place)
	}
}

// lose notes that the connection is gone over which the request under way was sent: its
// messages may or may not have arrived.
func (p *publishing) lose(n int) { p.unknown += int64(len(p.lines[n].batch)) }

// fail ends the request under way, and keeps the line from trying again at once.
func (p *publishing) fail(n int, now int64) {
	p.settle(n, nil)
	p.lines[n].resumeAt = now + retryPublish
}
