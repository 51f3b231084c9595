package order

import (
	"sync"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/wire"
	"halley/loop/journal"
)

// The line is what is published here on its way to the stream. One batch is under way, and what comes meanwhile makes the next one, as
// with a file: so many publishers share one way there and back, and a publisher's order is that of the stream. The stream takes a batch
// as a whole or not at all.
//
// Where it is not known what became of a batch, it goes again, with the ids by which the stream knows its messages, and nothing else
// goes before. Meanwhile the line is shut: what is published is refused at once. Nothing waits there for a leader that may not come.

// line is what waits to be stored.
type line struct {
	options *Options
	wire    wire.Wire

	mu      sync.Mutex
	open    bool // the stream has a leader, as far as is known
	ended   bool
	waiting []*publish
	bytes   int     // of what waits and is under way
	flight  *flight // what is under way; nil: nothing is
	solo    int     // so many publishes go each by itself, since one of them was refused
	ids     uint64  // given to messages
	asked   uint64  // numbers given to attempts
	fed     int64   // this node has heard events up to that number
	stored  []stored
	counts  lineCounts
}

// lineCounts are what a line counts.
type lineCounts struct{ stored, refused, repeated, known, unknown, failed uint64 }

// publish is events that are stored together.
type publish struct {
	messages []message
	size     int
	stored   func(error)
}

// message is an event on its way.
type message struct {
	subject, id string
	event       event.Event
	keyed       bool // the id is of the publisher
}

// stored is a publish that is stored, but not heard here yet.
type stored struct {
	number int64
	since  time.Time
	tell   func(error)
}

// Bounds of a batch. NATS takes 1,000 messages at once, and lines of 4,096 bytes: who sends a longer subject is cut off.
const (
	mostTogether = 1000
	mostBatch    = 512 << 10
	messageCost  = 200 // of a message beside its event, about
	mostHeader   = 600 // bytes of a message's header and answer's subject, at most
	mostSubject  = 3400
)

// The times of a publish.
const (
	attemptTime = time.Second            // without an answer it goes again
	retryPause  = 100 * time.Millisecond // after an answer that says that it was not taken
	giveUp      = 10 * time.Second       // then its publisher is told that it failed
	hearTime    = time.Second            // for which its publisher waits at most until it is heard here, too
)

// add has events stored together.
func (l *line) add(events []event.Event, keys []string, stored func(error)) {
	l.mu.Lock()
	p, err := l.accept(events, keys)
	if err == nil {
		p.stored = stored
		l.waiting = append(l.waiting, p)
		l.bytes += p.size
		l.launch()
	}
	l.mu.Unlock()
	if err != nil {
		stored(err)
	}
}

// accept tells why events cannot be taken.
func (l *line) accept(events []event.Event, keys []string) (*publish, error) {
	switch {
	case l.ended:
		return nil, journal.ErrClosed
	case len(events) > mostTogether:
		return nil, ErrTogether
	case !l.open:
		l.counts.refused++
		return nil, journal.ErrBusy
	}
	p, err := l.prepare(events, keys)
	if err == nil && l.bytes+p.size > l.options.Waiting && l.bytes > 0 {
		l.counts.refused++
		return nil, journal.ErrBusy
	}
	return p, err
}

// prepare makes messages of events. Of those with one key the first counts.
func (l *line) prepare(events []event.Event, keys []string) (*publish, error) {
	p := &publish{messages: make([]message, 0, len(events))}
	seen := make(map[string]bool, len(keys))
	for i, e := range events {
		m := message{subject: l.options.Prefix + ".h." + l.options.Tokens(e.Channel()), event: e}
		if len(m.subject) > mostSubject || len(e)+len(m.subject)+mostHeader > l.wire.Most() {
			return nil, ErrLarge
		}
		if keys == nil || keys[i] == "" {
			l.ids++
			m.id = l.options.Node + "." + number(l.ids)
		} else {
			if m.id, m.keyed = idOf(keys[i]), true; seen[m.id] {
				continue
			}
			seen[m.id] = true
		}
		p.messages = append(p.messages, m)
		p.size += len(e) + messageCost
	}
	return p, nil
}

// launch sends what waits, as much as goes at once, if nothing is under way.
func (l *line) launch() {
	if l.flight != nil || len(l.waiting) == 0 {
		return
	}
	f := &flight{begun: l.options.Now(), first: l.asked + 1}
	ids := make(map[string]bool)
	for len(l.waiting) > 0 && f.takes(l.waiting[0], ids) {
		f.add(l.waiting[0], ids)
		l.waiting[0], l.waiting = nil, l.waiting[1:]
		if l.solo > 0 {
			l.solo--
			break
		}
	}
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	l.flight = f
	l.send()
}

// answered takes what the stream has to say of an attempt.
func (l *line) answered(number uint64, m *wire.Message) {
	l.do(func() (calls []func()) {
		f := l.flight
		if f == nil || number < f.first || number > f.number {
			return nil
		}
		a := readAck(m)
		switch {
		case a.kind == taken && f.probe == nil: // of an earlier attempt, too
			if a.before && f.keyed() && !f.doubtful {
				l.counts.known++
			}
			return l.finish(a.number)
		case number != f.number:
			return nil
		case f.probe != nil:
			return l.probed(a)
		}
		return l.judge(a)
	})
}

// judge goes on with what is under way, by the answer to its last attempt.
func (l *line) judge(a ack) (calls []func()) {
	f := l.flight
	switch a.kind {
	case nobody:
		calls = l.shut()
		if !f.doubtful {
			return append(calls, l.fail(journal.ErrBusy)...)
		}
		f.again = l.options.Now().Add(retryPause)
	case notNow:
		f.again = l.options.Now().Add(retryPause)
	case known:
		if !f.keyed() {
			return l.finish(0)
		}
		f.probe = newProbe(f.messages)
		l.send()
	case refused:
		return l.refuse(a.why)
	}
	return calls
}

// refuse tells the publisher of what the stream will never take. Of several publishes each goes by itself, to see whose it is.
func (l *line) refuse(why string) (calls []func()) {
	f := l.flight
	if len(f.publishes) > 1 {
		l.flight = nil
		l.waiting = append(f.publishes, l.waiting...)
		l.solo = len(f.publishes)
		l.launch()
		return nil
	}
	l.options.Log.Error("an event of a channel with a history is not stored", "why", why)
	return l.fail(refusal(why))
}

// finish has the publishers be told that all is stored: as soon as this node has heard of it, so that they find it here.
func (l *line) finish(number int64) (calls []func()) {
	f := l.flight
	l.open = true
	l.counts.stored += uint64(f.count())
	for _, p := range f.publishes {
		if number <= l.fed {
			calls = append(calls, func() { p.stored(nil) })
		} else {
			l.stored = append(l.stored, stored{number, l.options.Now(), p.stored})
		}
	}
	l.land()
	return calls
}

// fail has the publishers of what is under way be told that it failed.
func (l *line) fail(err error) (calls []func()) {
	f := l.flight
	switch err {
	case journal.ErrBusy:
		l.counts.refused += uint64(f.count())
	case ErrUnknown:
		l.counts.unknown += uint64(f.count())
	default:
		l.counts.failed += uint64(f.count())
	}
	for _, p := range f.publishes {
		calls = append(calls, func() { p.stored(err) })
	}
	l.land()
	return calls
}

// land ends what is under way, and begins with what waits.
func (l *line) land() {
	l.bytes -= l.flight.size
	l.flight = nil
	l.launch()
}

// shut has nothing be taken any more until there is a leader. What waits was never sent.
func (l *line) shut() (calls []func()) {
	l.open, l.solo = false, 0
	for _, p := range l.waiting {
		l.bytes -= p.size
		l.counts.refused += uint64(len(p.messages))
		calls = append(calls, func() { p.stored(journal.ErrBusy) })
	}
	l.waiting = nil
	return calls
}

// do changes the line, and then calls what came of it.
func (l *line) do(change func() (calls []func())) {
	l.mu.Lock()
	calls := change()
	l.mu.Unlock()
	for _, call := range calls {
		call()
	}
}
