package fanout

import "halley/bayeux/event"

// latest is the newest event of a conflation key, for the sessions that pause. It lives as
// long as there are some.
type latest struct {
	event   event.Event // while a pause waits for it
	count   uint64      // events so far
	waiting pauseList   // the pauses of its key: those that have not seen the event first

	// The event is kept outside of all queues. It counts in that of one session that
	// waits for it, whose pause is the first: the bearer.
	bearer   uint32
	reserved int // bytes, 0 for none

	channel  int      // length of the channel's name in that of the key
	audience uint64   // number of the audience that ready is of
	ready    []member // those that do not pause
}

// member is a subscriber that gets one event in so many milliseconds.
type member struct {
	slot     uint32
	interval int64
}

// cost is about what it takes to keep an event, in bytes.
func cost(e event.Event) int { return len(e) + 32 }

// findBearer finds the session that bears the latest event of a key. One that has no room for
// it gets it before its pause is over, and its queue's policy decides; then the next one
// bears it. When none is left that waits it is let go.
func (f *Fanout) findBearer(id uint32) {
	l := f.latest.At(id)
	for {
		if l.reserved > 0 {
			f.sessions.Reserve(l.bearer, -l.reserved)
			l.reserved = 0
		}
		first := l.waiting.first
		if first == 0 || f.pauses.At(first-1).seen == l.count {
			l.event = ""
			return
		}
		l.bearer, l.reserved = f.pauses.At(first-1).slot, cost(l.event)
		f.sessions.Reserve(l.bearer, l.reserved)
		if f.sessions.Fits(l.bearer, 0) {
			return
		}
		f.overrun(first - 1)
	}
}

// overrun gives a session without room the news of a pause before its time.
func (f *Fanout) overrun(i uint32) {
	p := f.pauses.At(i)
	slot, l := p.slot, f.latest.At(p.key)
	defer f.contain(slot)
	news, e := l.count-p.seen, l.event
	f.sessions.Reserve(slot, -l.reserved)
	l.reserved = 0
	f.see(i)
	if f.Covers(slot, e.Channel()) && !f.sessions.Replays(slot, e) {
		f.conflated += news - 1
		f.deliver(slot, Delivery{Event: e, Key: f.key(e, f.behaviour(e).Key)})
	}
}
