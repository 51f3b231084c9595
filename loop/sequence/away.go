package sequence

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"halley/bayeux/event"
	"halley/loop/journal"
)

// Order is a publish that another server gives its place in the order.
type Order struct {
	Number   int64 // by which Answer tells what became of it
	Together bool  // its events have a history: they are stored as a whole or not at all
	Events   []string
}

// away is where publishes go while this server gives no numbers: they wait, until somebody else does.
type away struct {
	most    int // bytes that may wait
	mu      sync.Mutex
	number  int64
	bytes   int
	held    []Order // in order, while nobody takes them
	send    func(Order) bool
	waiting map[int64]func(error)
	over    bool // nobody will take any more
}

// publish hands an order on, or holds it.
func (a *away) publish(events []event.Event, together bool, stored func(error)) {
	if err := a.accept(events, together, stored); err != nil {
		stored(err)
	}
}

func (a *away) accept(events []event.Event, together bool, stored func(error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return journal.ErrClosed
	}
	a.number++
	o := Order{Number: a.number, Together: together}
	size := 0
	for _, e := range events {
		o.Events = append(o.Events, string(e))
		size += len(e) + orderCost
	}
	if a.send != nil {
		a.waiting[o.Number] = stored
		if !a.send(o) {
			delete(a.waiting, o.Number)
			return journal.ErrClosed
		}
		return nil
	}
	if a.bytes+size > a.most {
		return journal.ErrBusy
	}
	a.bytes += size
	a.held, a.waiting[o.Number] = append(a.held, o), stored
	return nil
}

// orderCost is about what an event of an order takes beside its text.
const orderCost = 200

// goOn hands on what is held, and all that comes.
func (a *away) goOn(send func(Order) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.held {
		send(o)
	}
	a.held, a.bytes, a.send = nil, 0, send
}

// answer tells a publisher what became of its order.
func (a *away) answer(number int64, failure string) {
	a.mu.Lock()
	stored := a.waiting[number]
	delete(a.waiting, number)
	a.mu.Unlock()
	if stored != nil {
		stored(failureOf(failure))
	}
}

// end has all who wait, and all who come, told that nobody takes their orders. They may repeat them elsewhere.
func (a *away) end() {
	a.mu.Lock()
	a.over = true
	waiting := a.waiting
	a.held, a.waiting = nil, nil
	a.mu.Unlock()
	for _, number := range slices.Sorted(maps.Keys(waiting)) {
		waiting[number](journal.ErrClosed)
	}
}

// take empties it: what is held, with who waits for it.
func (a *away) take() (held []Order, waiting map[int64]func(error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	held, waiting = a.held, a.waiting
	a.held, a.waiting, a.bytes = nil, make(map[int64]func(error)), 0
	return held, waiting
}

// failureText is an error of a publish as it goes to another server, and failureOf the other way.
func failureText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func failureOf(text string) error {
	switch text {
	case "":
		return nil
	case journal.ErrBusy.Error():
		return journal.ErrBusy
	case journal.ErrClosed.Error():
		return journal.ErrClosed
	}
	return errors.New(text)
}
