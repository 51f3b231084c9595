package sequence

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/journal"
)

// Options say what a Local remembers, and whom it serves.
type Options struct {
	History
	Queue      history.Part    // what the queue of a session holds, until SetQueue
	Rules      rules.Rules     // what channels remember, until SetRules
	Salesforce bool            // numbers stand in events as Salesforce's clients expect them
	File       journal.Options // of the history file; its Path and Sync are those of History
	First      int64           // the first number, if no file has greater ones
	Now        func() int64    // milliseconds; they never go back
	Loops      Loops           // whom it serves
	// Fed has the numbers of what has a history come from elsewhere, by Feed. Nothing of that is published to the Local.
	Fed bool
	Log *slog.Logger // for what is found in the file
}

// Local is the order of one server. Under one lock an event gets its number, is remembered and brought to
// the loops, and the past is read and brought to the loop that asks. So all loops see one order,
// and what is remembered meets what is live without gap or double.
type Local struct {
	options Options
	mu      sync.Mutex
	past    *history.Store
	replays history.Replays // of past
	part    atomic.Int32    // messages of a part of a replay, for which there is room before the lock is taken
	since   time.Time       // when the lock was taken
	longest time.Duration   // that it was held
	dropped uint64          // entries that new rules do not keep

	rules atomic.Pointer[rules.Rules]
	again atomic.Bool          // another review is wanted
	away  atomic.Pointer[away] // where publishes go while another server gives the numbers
	tell  func(history.Entry)  // told of each event that is delivered; nil: nobody wants to know

	writing sync.Mutex // held from an event's number on until it stands in line for the file; before mu
	file    file       // nil without one
}

var _ Log = (*Local)(nil)

// file is what a Local needs of a journal.File.
type file interface {
	Append(entries []history.Entry, stored func(error))
	Note(kind journal.Kind, id int64)
	Bloated(left int) bool
	Compact()
	LookAfter()
	Usage() (counts journal.Counts, failing bool)
	Close() error
}

// New returns a Local that has to be opened.
func New(o Options) *Local {
	past := history.New(o.HistoryBytes)
	l := &Local{options: o, past: past, replays: history.Replays{Store: past, Expired: o.HistoryExpired}}
	l.SetQueue(o.Queue)
	l.rules.Store(&o.Rules)
	return l
}

// sequenced is an event with its number.
type sequenced struct {
	event     event.Event
	id, at    int64
	behaviour rules.Behaviour
	here      bool // published on this server
}

// entry is q as it is remembered.
func (q *sequenced) entry() history.Entry {
	return history.Entry{ID: q.id, At: q.at, Channel: q.event.Channel(), Event: string(q.event)}
}

// Publish implements Log. Only what has a history waits for the file.
func (l *Local) Publish(e event.Event, behaviour rules.Behaviour, stored func(error)) {
	switch a := l.away.Load(); {
	case l.options.Fed:
		l.beside(e, behaviour, true, nil)
		stored(nil)
	case a != nil:
		a.publish([]event.Event{e}, behaviour.History, stored)
	case l.file != nil && behaviour.History:
		l.PublishTogether([]event.Event{e}, nil, stored)
	default:
		l.place(e, behaviour, stored)
	}
}

// place gives an event its number and delivers it at once.
func (l *Local) place(e event.Event, behaviour rules.Behaviour, stored func(error)) {
	if a := l.placed(e, behaviour); a != nil {
		a.publish([]event.Event{e}, false, stored)
		return
	}
	stored(nil)
}

// placed is place, unless another server gives the numbers since a moment ago.
func (l *Local) placed(e event.Event, behaviour rules.Behaviour) *away {
	l.lock()
	defer l.unlock()
	if a := l.away.Load(); a != nil {
		return a
	}
	l.placeNow(e, behaviour, true)
	return nil
}

// Arrived gives an event that was published on another server, which numbers its own, its place in the order of this one.
func (l *Local) Arrived(e event.Event, behaviour rules.Behaviour) {
	if l.options.Fed {
		l.beside(e, behaviour, false, nil)
		return
	}
	l.lock()
	defer l.unlock()
	l.placeNow(e, behaviour, false)
}

// PublishAlso gives an event its place, as Publish does where there is no history file, and has also called with it, as it came,
// in the order of all events. Also must not wait, nor use the log.
func (l *Local) PublishAlso(e event.Event, behaviour rules.Behaviour, also func(event.Event)) {
	if l.options.Fed {
		l.beside(e, behaviour, true, also)
		return
	}
	l.lock()
	defer l.unlock()
	l.placeNow(e, behaviour, true)
	also(e)
}

// placeNow is place by whoever has the lock.
func (l *Local) placeNow(e event.Event, behaviour rules.Behaviour, here bool) {
	id := l.past.Next()
	l.past.Skip(id)
	q := l.numbered(e, id, l.options.Now(), behaviour)
	q.here = here
	l.deliver(&q)
}

// PublishTogether implements Log. It knows no keys.
func (l *Local) PublishTogether(events []event.Event, _ []string, stored func(error)) {
	if a := l.away.Load(); a != nil {
		a.publish(events, true, stored)
		return
	}
	l.number(events, stored)
}

// number gives events their numbers together. Writers wait for each other, since the file has the order of the numbers;
// the lock is only held to take these.
func (l *Local) number(events []event.Event, stored func(error)) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if a := l.away.Load(); a != nil {
		a.publish(events, true, stored)
		return
	}
	l.numberNow(events, stored)
}

// numberNow is number by whoever has the lock of those who write.
func (l *Local) numberNow(events []event.Event, stored func(error)) {
	l.lock()
	first, now := l.past.Next(), l.options.Now()
	l.past.Skip(first + int64(len(events)) - 1)
	l.unlock()
	list, entries := make([]sequenced, 0, len(events)), make([]history.Entry, 0, len(events))
	for i, e := range events {
		q := l.numbered(e, first+int64(i), now, l.rulesOf(e.Channel()))
		list, entries = append(list, q), append(entries, q.entry())
	}
	if l.file == nil {
		l.commit(list)
		stored(nil)
		return
	}
	l.file.Append(entries, func(err error) {
		if err == nil {
			l.commit(list)
		}
		stored(err)
	})
}

// numbered is e with a number, which its subscribers see if its channel has a history.
func (l *Local) numbered(e event.Event, id, now int64, behaviour rules.Behaviour) sequenced {
	switch {
	case !behaviour.History:
	case l.options.Salesforce:
		e = e.ForSalesforce(id, now)
	default:
		e = e.Numbered(id)
	}
	return sequenced{e, id, now, behaviour, true}
}

// commit delivers what is written.
func (l *Local) commit(list []sequenced) {
	for part := range slices.Chunk(list, mostAtOnce) {
		l.lock()
		for i := range part {
			l.deliver(&part[i])
		}
		l.unlock()
	}
}

// deliver remembers q and brings it to the loops.
func (l *Local) deliver(q *sequenced) {
	if q.behaviour.Remembered() {
		l.past.Add(q.entry(), l.keepOf(q.behaviour))
	}
	l.options.Loops.Deliver(q.event, q.here)
	if l.tell != nil {
		l.tell(q.entry())
	}
}

// Recall implements Log.
func (l *Local) Recall(q Query) {
	var page []history.Entry
	if q.Part == Next {
		page = make([]history.Entry, 0, l.part.Load()) // under the lock it could have to help the collector
	}
	l.lock()
	defer l.unlock()
	l.past.Expire(l.options.Now(), mostAtOnce)
	if q.Part == First {
		l.options.Loops.Answer(q, l.replays.First(q.Wanted))
	} else {
		l.options.Loops.Answer(q, l.replays.Next(page, q.Wanted))
	}
}

// mostAtOnce is how many entries are worked on at most before the lock is given to others.
const mostAtOnce = 1000

// lock takes the lock, and unlock gives it back: neither is far from the other.
func (l *Local) lock() {
	l.mu.Lock()
	l.since = time.Now()
}

func (l *Local) unlock() {
	l.longest = max(l.longest, time.Since(l.since))
	l.mu.Unlock()
}
