// Proved by TestFeed, TestFedJoins and TestRestore.

package sequence

import (
	"slices"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
)

// Fed is an event that has got its number elsewhere.
type Fed struct {
	history.Entry      // the event as it was published, and without a number
	Here          bool // it was published on this server
}

// Feed remembers events of channels with a history, by the numbers that they have got, and brings them to the subscribers here if
// they are live. Each number is greater than all before.
func (l *Local) Feed(list []Fed, live bool) {
	for part := range slices.Chunk(list, mostAtOnce) {
		l.lock()
		for i := range part {
			l.feed(&part[i], live)
		}
		l.unlock()
	}
}

func (l *Local) feed(f *Fed, live bool) {
	behaviour := l.rulesOf(f.Channel)
	l.past.Skip(f.ID)
	q := l.numbered(event.Event(f.Event), f.ID, f.At, behaviour)
	q.here = f.Here
	switch {
	case live:
		l.deliver(&q)
	case behaviour.Remembered():
		l.past.Add(q.entry(), l.keepOf(behaviour))
	}
}

// Renew says that numbers are given from first on, by an order that knows nothing of the one before: what is remembered of that
// is forgotten, and cursors into it are refused.
func (l *Local) Renew(first int64) {
	l.lock()
	upto := l.past.Last()
	l.past.Renew(first)
	l.unlock()
	for more := true; more; {
		l.lock()
		more = l.past.ForgetBelow(upto, mostAtOnce)
		l.unlock()
	}
}

// Refuse has the answer to q be an error of Bayeux.
func (l *Local) Refuse(q Query, failure string) {
	l.lock()
	defer l.unlock()
	l.options.Loops.Answer(q, history.Remembered{Failure: failure})
}

// Forget says that events up to a number may be missing: cursors before it are refused.
func (l *Local) Forget(number int64) { l.forget(number) }

// beside gives an event without a history a place among those that are fed, and has also called with it, unless that is nil.
func (l *Local) beside(e event.Event, behaviour rules.Behaviour, here bool, also func(event.Event)) {
	behaviour.History, behaviour.Keep.Events, behaviour.Keep.Age = false, 0, 0
	l.lock()
	defer l.unlock()
	q := l.numbered(e, l.past.Beside(), l.options.Now(), behaviour)
	q.here = here
	l.deliver(&q)
	if also != nil {
		also(e)
	}
}

// keepOf is how much is remembered of a channel that behaves so.
func (l *Local) keepOf(behaviour rules.Behaviour) history.Keep {
	keep := behaviour.Keep
	if l.options.Fed && !behaviour.History {
		keep.Paced = keep.Snapshot // numbers that stand beside are below all cursors
	}
	return keep
}

// Snapshots are the last events of channels without a history: some of those with a number above from, at most so many. It tells
// where it goes on, and whether there are more.
func (l *Local) Snapshots(from int64, most int) (entries []history.Entry, upto int64, more bool) {
	l.lock()
	defer l.unlock()
	return l.past.Snapshots(from, min(most, mostAtOnce))
}

// Restore remembers what another server has kept of channels without a history, where the rules here want that and nothing newer has
// come. It tells of how many channels. The numbers are those of this server.
func (l *Local) Restore(entries []history.Entry) (restored int) {
	l.lock()
	defer l.unlock()
	for _, e := range entries {
		b := l.rulesOf(e.Channel)
		if !b.Snapshot || b.History || l.past.Has(e.Channel) {
			continue
		}
		if e.ID = l.past.Next(); l.options.Fed {
			e.ID = l.past.Beside()
		}
		l.past.Add(e, l.keepOf(b))
		restored++
	}
	return restored
}

// Last is the last event of a channel, if that is kept for new subscribers.
func (l *Local) Last(channel string) (e history.Entry, kept bool) {
	l.lock()
	defer l.unlock()
	list, _ := l.past.Snapshot(nil, []byte(channel), &history.Part{Messages: 1, Bytes: 1 << 30})
	if len(list) == 0 || list[0].Channel != channel {
		return e, false
	}
	return list[0], true
}
