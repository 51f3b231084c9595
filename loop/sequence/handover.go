package sequence

import (
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/journal"
)

// Estate is what another server has left of its order.
type Estate struct {
	Parts []history.Image // what it remembered, without what the history file has
	Last  int64           // the last number that it gave
}

// Leave ends the giving of numbers: publishes are held from now on. What is remembered goes to put, part by part, without
// what the history file has, which is closed for another server to open. Last is the last number that was given.
func (l *Local) Leave(put func(history.Image)) (last int64, err error) {
	l.writing.Lock()
	l.lock()
	l.away.Store(&away{most: l.options.File.Most, waiting: make(map[int64]func(error))})
	l.unlock()
	l.writing.Unlock()
	if l.file != nil {
		err = l.file.Close()
	} else {
		l.image(1<<62, put)
	}
	for from, more := int64(0), true; more; {
		var part history.Image
		l.lock()
		part.Entries, from, more = l.past.Snapshots(from, mostAtOnce)
		last = l.past.Last()
		l.unlock()
		if len(part.Entries) > 0 {
			put(part)
		}
	}
	return last, err
}

// Return takes the giving of numbers back, since nobody has taken it: the history file is opened again, and what was held
// published.
func (l *Local) Return() error {
	a := l.away.Load()
	var file file
	if l.options.HistoryFile != "" {
		var err error
		if file, err = l.openFile(func(journal.Record) {}); err != nil {
			a.end()
			return err
		}
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.setFile(file)
	for !l.back(a) {
		held, waiting := a.take()
		for _, o := range held {
			l.catchUp(o, waiting[o.Number])
		}
	}
	return nil
}

// catchUp publishes what was held.
func (l *Local) catchUp(o Order, stored func(error)) {
	if o.Together {
		l.numberNow(eventsOf(o), stored)
		return
	}
	l.lock()
	for _, e := range eventsOf(o) {
		l.placeNow(e, l.rulesOf(e.Channel()), true)
	}
	l.unlock()
	stored(nil)
}

// back gives numbers again, if nothing is held.
func (l *Local) back(a *away) bool {
	l.lock()
	defer l.unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.held) > 0 {
		return false
	}
	l.away.Store(nil)
	return true
}

// Follow has what is held, and all that is published here, numbered by another server. Answer and Followed bring what
// becomes of it.
func (l *Local) Follow(send func(Order) bool) { l.away.Load().goOn(send) }

// Answer tells what became of an order.
func (l *Local) Answer(number int64, failure string) { l.away.Load().answer(number, failure) }

// Orphan is called when the other server has gone: what is published here is refused, for the publisher to go elsewhere.
func (l *Local) Orphan() { l.away.Load().end() }

// Followed brings an event that another server has given its number to the subscribers here, and remembers it. It was published
// here, or on another server.
func (l *Local) Followed(e history.Entry, here bool) {
	l.lock()
	defer l.unlock()
	l.past.Skip(e.ID)
	l.deliver(&sequenced{event.Event(e.Event), e.ID, e.At, l.rulesOf(e.Channel), here})
}

// Lead gives the order of another server's clients its place. Stored is told what became of it.
func (l *Local) Lead(o Order, stored func(failure string)) {
	told := func(err error) { stored(failureText(err)) }
	events := eventsOf(o)
	if o.Together {
		l.number(events, told)
		return
	}
	for _, e := range events {
		l.place(e, l.rulesOf(e.Channel()), told)
	}
}

func eventsOf(o Order) (events []event.Event) {
	for _, text := range o.Events {
		events = append(events, event.Event(text))
	}
	return events
}

// Tell has each event that is brought to the subscribers here told to another server, too, in order; nil ends that. What
// tell does must not take long.
func (l *Local) Tell(tell func(history.Entry)) {
	l.lock()
	defer l.unlock()
	l.tell = tell
}
