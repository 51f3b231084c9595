package client

import (
	"slices"
	"time"

	"halley/bench/hist"
	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// Publication is a stretch of messages to publish in an open loop. With Ticks it
// replays a recorded feed, else symbols come from the plan and times from the pace.
type Publication struct {
	Start int64 // nanoseconds since the run's start at which message 0 is due; 0 means as soon as possible
	Pace  plan.Pace
	First int // number of the first tick, so that stretches in a row pick on in the plan
	Ticks []plan.Tick
}

func (p *Publication) count() int {
	if p.Ticks != nil {
		return len(p.Ticks)
	}
	return p.Pace.Count
}

func (p *Publication) due(i int) int64 {
	if p.Ticks != nil {
		return p.Start + int64(p.Ticks[i].Due)
	}
	return p.Start + int64(p.Pace.Due(i))
}

// publishing is the state of all publications of a process.
type publishing struct {
	lines   []line
	sent    []uint32           // messages per symbol that were written to the server so far
	times   [][]int64          // when each of them was due; nil in processes that do not publish
	void    [][]reconcile.Span // which of them the server has refused; nil when none
	current Publication
	next    int
	planned int64
	lag     *hist.Histogram
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
	never         = int64(1) << 62
)

func (p *publishing) init(publishers, symbols int) {
	p.lines = make([]line, publishers)
	p.sent = make([]uint32, symbols)
	if publishers > 0 {
		p.times = make([][]int64, symbols)
	}
	p.lag = hist.New()
}

// plannedAt is when message n of a symbol was due, or otherwise where that is not known:
// in processes that do not publish.
func (p *publishing) plannedAt(symbol int, n uint32, otherwise int64) int64 {
	if p.times == nil || int(n) >= len(p.times[symbol]) {
		return otherwise
	}
	return p.times[symbol][n]
}

func (p *publishing) done() bool { return p.next >= p.current.count() && p.pending() == 0 }

func (p *publishing) pending() (n int64) {
	for i := range p.lines {
		n += int64(len(p.lines[i].queue) + len(p.lines[i].batch))
	}
	return n
}

// inflight is how many messages the request under way on a line carries.
func (p *publishing) inflight(line int, what request) int64 {
	if what != publish {
		return 0
	}
	return int64(len(p.lines[line].batch))
}

// pause keeps a line from trying again at once after a failure.
func (p *publishing) pause(line int, now int64) {
	p.lines[line].resumeAt = now + int64(100*time.Millisecond)
}

// Publish starts a publication; one that is under way is cut short.
func (f *Fleet) Publish(p Publication) {
	f.do(func() {
		if p.Start == 0 {
			p.Start = f.clock.Now()
		}
		f.out.planned += int64(p.count())
		f.out.current, f.out.next = p, 0
		f.readyPublishers()
		f.publishDue(f.clock.Now())
	})
}

// readyPublishers brings publishers to life when they are needed for the first time.
func (f *Fleet) readyPublishers() {
	for n := range f.out.lines {
		i := f.config.Subscribers + n
		switch s := &f.sessions[i]; {
		case s.phase != absent:
		case f.config.PublishURL != "":
			s.phase = holding
		default:
			f.begin(i, f.clock.Now())
		}
	}
}

// Prepare brings the publishers to life before the run needs them.
func (f *Fleet) Prepare() { f.do(f.readyPublishers) }

func (f *Fleet) publisherOf(i int) int { return i - f.config.Subscribers }

func (f *Fleet) publishNext(next int64) int64 {
	if f.out.next < f.out.current.count() {
		next = min(next, f.out.current.due(f.out.next))
	}
	for n := range f.out.lines {
		if l := &f.out.lines[n]; len(l.queue) > 0 && !l.asked && l.resumeAt > 0 {
			next = min(next, l.resumeAt)
		}
	}
	return next
}

// publishDue queues what is due and sets the idle publishers to work.
func (f *Fleet) publishDue(now int64) {
	for ; f.out.next < f.out.current.count() && f.out.current.due(f.out.next) <= now; f.out.next++ {
		f.enqueue(f.out.next)
	}
	for n := range f.out.lines {
		f.flushPublisher(f.config.Subscribers+n, now)
	}
}

func (f *Fleet) enqueue(i int) {
	p := &f.out.current
	it := item{planned: p.due(i)}
	if p.Ticks != nil {
		it.symbol, it.row = p.Ticks[i].Symbol, p.Ticks[i].Row
	} else {
		it.symbol = f.config.Symbols.Pick(p.First + i)
	}
	l := &f.out.lines[it.symbol%len(f.out.lines)]
	l.queue = append(l.queue, it)
}

// flushPublisher sends what a ready publisher has queued.
func (f *Fleet) flushPublisher(i int, now int64) {
	l, s := &f.out.lines[f.publisherOf(i)], &f.sessions[i]
	if len(l.queue) == 0 || l.asked || s.clientID == "" && f.config.PublishURL == "" || now < l.resumeAt {
		return
	}
	l.asked = true
	f.refreshLine(s, now)
	f.ask(i, publish)
}

// refreshLine drops a connection that has been idle for so long that the server may
// be about to close it, since a publish that meets that close cannot be repeated.
func (f *Fleet) refreshLine(s *session, now int64) {
	const patience = int64(3 * time.Second)
	if s.other >= 0 && f.loop.conns[s.other].busy == none && now-f.loop.conns[s.other].sentAt > patience {
		f.detach(s.other)
	}
}

// take moves a batch from the queue into dst. It is called when the request is written.
func (f *Fleet) take(dst []byte, i int) []byte {
	l := &f.out.lines[f.publisherOf(i)]
	s, now := &f.sessions[i], f.clock.Now()
	start := len(dst)
	dst = append(dst, '[')
	var data []byte
	l.firstID = s.id + 1
	for len(l.queue) > 0 && len(l.batch) < batchMessages && len(dst)-start < batchBytes {
		it := l.queue[0]
		l.queue = l.queue[1:]
		if len(l.batch) > 0 {
			dst = append(dst, ',')
		}
		it.sequence = f.out.number(it)
		s.id++
		data = wire.AppendPayload(data[:0], wire.Payload{Planned: it.planned, Sequence: it.sequence, Run: f.config.Run}, f.config.Size, it.row)
		dst = wire.AppendPublish(dst, s.clientID, f.config.Names[it.symbol], data, s.id)
		f.out.lag.Record(now - it.planned)
		l.batch = append(l.batch, it)
	}
	return append(dst, ']')
}

// number gives a message the next number of its symbol.
func (p *publishing) number(it item) uint32 {
	n := p.sent[it.symbol]
	p.sent[it.symbol]++
	p.times[it.symbol] = append(p.times[it.symbol], it.planned)
	return n
}

// published notes that a publish request is over.
func (f *Fleet) published(i int) {
	l := &f.out.lines[f.publisherOf(i)]
	f.tally.Published += int64(len(l.batch))
	l.batch, l.asked, l.resumeAt = l.batch[:0], false, 0
}

// refuse notes that the server has refused the n-th message of the request under way.
func (f *Fleet) refuse(i, n int) {
	l := &f.out.lines[f.publisherOf(i)]
	if n < 0 || n >= len(l.batch) {
		return
	}
	it := l.batch[n]
	void := slices.Clone(f.out.void) // the one that was reported stays as it is
	if void == nil {
		void = make([][]reconcile.Span, len(f.out.sent))
	}
	void[it.symbol] = reconcile.AddVoid(slices.Clone(void[it.symbol]), it.sequence)
	f.out.void = void
	f.tally.Refused++
}

// refuseAll notes that the server has refused the whole request.
func (f *Fleet) refuseAll(i int, what request) {
	for n := range f.out.inflight(f.publisherOf(i), what) {
		f.refuse(i, int(n))
	}
}
