package client

import (
	"time"

	"halley/bench/hist"
	"halley/bench/plan"
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
	sent    []uint32  // messages per symbol so far
	times   [][]int64 // when each message of a symbol was due, if somebody asks; nil when nobody does
	current Publication
	next    int
	planned int64
	lag     *hist.Histogram
}

// line is one publisher's queue. Every symbol belongs to one line and a line has one
// request under way at a time, so the messages of a channel leave in order.
type line struct {
	queue    []item
	taken    int64 // messages in the request under way
	asked    bool
	resumeAt int64
}

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
		n += int64(len(p.lines[i].queue)) + p.lines[i].taken
	}
	return n
}

// inflight is how many messages the request under way on a line carries.
func (p *publishing) inflight(line int, what request) int64 {
	if what != publish {
		return 0
	}
	return p.lines[line].taken
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
	it.sequence = f.out.sent[it.symbol]
	f.out.sent[it.symbol]++
	if f.out.times != nil {
		f.out.times[it.symbol] = append(f.out.times[it.symbol], it.planned)
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
	for len(l.queue) > 0 && l.taken < batchMessages && len(dst)-start < batchBytes {
		it := l.queue[0]
		l.queue = l.queue[1:]
		if l.taken > 0 {
			dst = append(dst, ',')
		}
		s.id++
		data = wire.AppendPayload(data[:0], wire.Payload{Planned: it.planned, Sequence: it.sequence, Run: f.config.Run}, f.config.Size, it.row)
		dst = wire.AppendPublish(dst, s.clientID, f.config.Names[it.symbol], data, s.id)
		f.out.lag.Record(now - it.planned)
		l.taken++
	}
	return append(dst, ']')
}

// published notes that a publish request is over.
func (f *Fleet) published(i int, refused int64) {
	l := &f.out.lines[f.publisherOf(i)]
	f.tally.Published += l.taken
	f.tally.Refused += refused
	l.taken, l.asked, l.resumeAt = 0, false, 0
}
