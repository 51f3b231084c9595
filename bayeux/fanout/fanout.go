// Proved by TestFilteredDeliveries and TestFanoutAgainstModel.

// Package fanout decides which sessions get an event, by what they subscribe to, by the
// rules of its channel, and by how many events they want: some get it now, others later
// the latest of its kind. It knows sessions by the slots that they have, and nothing of
// what becomes of an event that one was given.
//
// Rate-limited subscribers are not visited for every event. A channel has two lists of
// subscribers: direct ones, without a limit, and for each conflation key ready ones, with
// a limit and without a pause that keeps them from the next event. All others pause and
// take the latest event of the key when their pause is over. So the cost grows with
// deliveries, not with publishes.
package fanout

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/bayeux/slab"
	"halley/bayeux/work"
)

// Delivery is an event as one session gets it.
type Delivery struct {
	Event event.Event
	Key   []byte // by which it takes the place of an older event, nil if it does not; valid during the call
	Until int64  // until then it may wait for others; 0: it does not wait
}

// Sessions are those that a Fanout gives events to.
type Sessions interface {
	// Give gives a session an event, unless Replays is true of both.
	Give(slot uint32, d Delivery)
	// Fail takes note of a panic over an event for a session. The other sessions are given theirs.
	Fail(slot uint32, cause any)
	// Replays tells whether an event comes to a session with what it still reads of the past.
	Replays(slot uint32, e event.Event) bool
	// Fits tells whether so many bytes more may be kept for a session.
	Fits(slot uint32, bytes int) bool
	// Reserve notes that so many bytes are kept for a session, or less if they are negative.
	Reserve(slot uint32, bytes int)
}

// Fanout has the subscriptions of one loop's sessions. It is not safe for concurrent use.
type Fanout struct {
	sessions Sessions
	rules    *rules.Book
	work     *work.Meter

	table     *channel.Table
	audiences audiences
	latest    slab.Names[latest] // by conflation key
	pauses    pauses
	intervals
	filters
	marks     marks
	conflated uint64

	keys    rules.Keys
	offered []byte // the key of the event that is offered; kept for its memory, as are the next ones
	name    []byte
	topic   []byte
}

const matchCache = 1024 // channels whose matches are remembered

// New returns a Fanout without subscriptions, whose clock stands at now.
func New(sessions Sessions, book *rules.Book, meter *work.Meter, now int64) *Fanout {
	f := &Fanout{sessions: sessions, rules: book, work: meter}
	f.intervals = intervals{of: make(map[uint32]map[string]int64), marks: &f.marks}
	f.filters = filters{of: make(map[uint32]map[string]*Filter), marks: &f.marks, work: meter}
	f.reset(now)
	return f
}

func (f *Fanout) reset(now int64) {
	f.table, f.audiences, f.pauses = channel.NewTable(matchCache), newAudiences(), newPauses(now)
	f.latest, f.marks = slab.Names[latest]{}, nil
	f.intervals.table = f.table
}

// Trim gives back memory: that of the last event, and if there is no session any more, all; where few subscriptions are left, that of the others.
func (f *Fanout) Trim(now int64, sessions int) {
	f.record = record{}
	f.keys.Forget()
	switch {
	case sessions == 0:
		f.reset(now)
	case f.table.Sparse():
		f.table = f.table.Fitted()
		f.intervals.table = f.table
	}
}

// Conflated is the number of events that sessions did not get since a newer one of their
// key came during a pause.
func (f *Fanout) Conflated() uint64 { return f.conflated }

// Offer gives e to every subscriber of its channel that gets it now, and keeps it for
// those that pause.
func (f *Fanout) Offer(now int64, e event.Event) {
	name := f.text(e.Channel())
	b := f.rules.Of(name)
	d := Delivery{Event: e}
	if b.Lazy > 0 {
		d.Until = now + b.Lazy
	}
	a := f.audienceOf(name, b)
	if a != nil || b.Conflate {
		f.offered = append(f.offered[:0], f.key(e, b.Key)...)
		d.Key = f.offered
	}
	if a == nil {
		f.direct(f.table.Match(name), d, b)
		return
	}
	id := f.latest.Use(d.Key)
	f.findReady(a, id, name, b)
	f.offerReady(now, id, d)
	f.latest.Drop(id)
	if !b.Conflate {
		d.Key = nil
	}
	f.direct(a.direct, d, b)
}

// direct gives sessions an event that no limit keeps from them.
func (f *Fanout) direct(list []channel.Subscriber, d Delivery, b *rules.Behaviour) {
	for len(list) > 0 {
		list = list[f.untilFault(list, d, b):]
	}
}

// untilFault does so for the sessions of a list until there is a panic over one, and returns how many are done with.
func (f *Fanout) untilFault(list []channel.Subscriber, d Delivery, b *rules.Behaviour) (done int) {
	defer func() {
		if cause := recover(); cause != nil {
			f.sessions.Fail(uint32(list[done]), cause)
			done++
		}
	}()
	for i, sub := range list {
		done = i
		f.next(uint32(sub), d, b)
	}
	return len(list)
}

// next gives a session an event that no limit keeps from it.
func (f *Fanout) next(slot uint32, d Delivery, b *rules.Behaviour) {
	if f.marks.has(slot, hasPause) && !f.sessions.Replays(slot, d.Event) { // for what it no longer asks for
		f.skip(slot, f.key(d.Event, b.Key))
	}
	f.deliver(slot, d)
}

// deliver gives a session an event as its filter lets it through.
func (f *Fanout) deliver(slot uint32, d Delivery) {
	if f.marks.has(slot, hasFilter) {
		e, wanted := f.sift(slot, d.Event)
		if !wanted {
			return
		}
		if d.Event = e; d.Key != nil {
			d.Key = f.key(e, f.behaviour(e).Key)
		}
	}
	f.sessions.Give(slot, d)
}

// contain, deferred, ends a panic over a session, so that others get what is theirs.
func (f *Fanout) contain(slot uint32) {
	if cause := recover(); cause != nil {
		f.sessions.Fail(slot, cause)
	}
}

// Past is an event of the past as a session gets it, with the key by which newer events
// take its place; false if its filter does not let it through. What the session would get
// after a pause is older, or the same, and is dropped.
func (f *Fanout) Past(slot uint32, e event.Event) (filtered event.Event, key []byte, wanted bool) {
	f.skip(slot, f.key(e, f.behaviour(e).Key))
	if e, wanted = f.sift(slot, e); !wanted {
		return e, nil, false
	}
	return e, f.key(e, f.behaviour(e).Key), true
}

// Key is the key by which newer events take the place of e in what waits for a session,
// nil if they do not. It is valid until the next call.
func (f *Fanout) Key(slot uint32, e event.Event) []byte {
	topic := f.topicOf(e)
	b := f.rules.Of(topic)
	if b.Conflate || f.interval(slot, topic, b) > 0 {
		return f.key(e, b.Key)
	}
	return nil
}

// behaviour is that of e's channel.
func (f *Fanout) behaviour(e event.Event) *rules.Behaviour { return f.rules.Of(f.topicOf(e)) }

// topicOf is the name of e's channel, of which a filter is no part, until the next call.
func (f *Fanout) topicOf(e event.Event) []byte {
	f.topic = append(f.topic[:0], e.Topic()...)
	return f.topic
}

// text is name as bytes, until the next call.
func (f *Fanout) text(name string) []byte {
	f.name = append(f.name[:0], name...)
	return f.name
}

// key is what e conflates by, see rules.Keys.
func (f *Fanout) key(e event.Event, field string) []byte {
	key, read := f.keys.Of(e, field)
	f.work.Read(read)
	return key
}
