// Proved by TestBoxModel and TestBoxForgetsBursts.

package bus

import (
	"slices"
	"unsafe"

	"halley/bayeux"
	"halley/bayeux/event"
)

// Inbox is a run of messages and tasks in the order in which they were posted. Each kind has a list of its own, so that
// a message takes only what its kind needs. The zero value is empty.
type Inbox struct {
	order    list[Kind] // task for a task
	effects  list[effectLetter]
	reports  list[bayeux.Report]
	requests list[requestLetter]
	events   list[event.Event]
	tasks    list[func()]
	arena    []byte  // the data
	current  Message // what Next has returned
}

// task stands in the order for a task, which is no message.
const task = ^Kind(0)

// effectLetter is an Effect as it waits.
type effectLetter struct {
	effect bayeux.Effect
	from   bayeux.Place
	span
}

// requestLetter is a message about a request as it waits.
type requestLetter struct {
	request bayeux.Request
	flow    *Flow
	worked  uint32
	span
}

// span is where the data of a message is in the arena.
type span struct{ start, end uint32 }

// Left is how many messages and tasks Next has still to return.
func (in *Inbox) Left() int { return in.order.left() }

// Next returns the next message or task, and neither at the end. The message is valid until the next call.
func (in *Inbox) Next() (m *Message, do func()) {
	if in.order.left() == 0 {
		return nil, nil
	}
	kind := *in.order.take()
	if kind == task {
		return nil, *in.tasks.take()
	}
	in.current = Message{Kind: kind}
	m = &in.current
	switch kind {
	case Effect:
		l := in.effects.take()
		m.Effect, m.From, m.Data = &l.effect, l.from, in.data(l.span)
	case Report, LetGo:
		m.Report = *in.reports.take()
	case Publish:
		m.Event = *in.events.take()
	default:
		l := in.requests.take()
		m.Request, m.Flow, m.Worked, m.Data = l.request, l.flow, l.worked, in.data(l.span)
	}
	return m, nil
}

// Effects calls visit with each effect in the inbox.
func (in *Inbox) Effects(visit func(*bayeux.Effect)) {
	for i := range in.effects.items {
		visit(&in.effects.items[i].effect)
	}
}

// push appends m with a copy of its effect and data.
func (in *Inbox) push(m *Message) {
	switch m.Kind {
	case Publish:
		in.events.push(m.Event)
	case Effect:
		in.effects.push(effectLetter{*m.Effect, m.From, in.keep(m.Data)})
	case Report, LetGo:
		in.reports.push(m.Report)
	default:
		in.requests.push(requestLetter{m.Request, m.Flow, m.Worked, in.keep(m.Data)})
	}
	in.order.push(m.Kind)
}

// pushEvents appends a Publish of each event. It keeps list.
func (in *Inbox) pushEvents(list []event.Event) {
	in.order.items = slices.Grow(in.order.items, len(list))
	for range list {
		in.order.push(Publish)
	}
	if len(in.events.items) == 0 && cap(in.events.items) < len(list) {
		in.events.items = list // in place of a copy
	} else {
		in.events.items = append(in.events.items, list...)
	}
}

func (in *Inbox) pushTask(do func()) {
	in.order.push(task)
	in.tasks.push(do)
}

// keep copies data into the arena.
func (in *Inbox) keep(data []byte) span {
	start := len(in.arena)
	in.arena = append(in.arena, data...)
	return span{uint32(start), uint32(len(in.arena))}
}

func (in *Inbox) data(s span) []byte { return in.arena[s.start:s.end:s.end] }

// What an emptied inbox keeps of its memory after a burst, in bytes.
const (
	keepList  = 1 << 20 // of each list
	keepArena = 1 << 20
)

func (in *Inbox) reset() {
	in.order.reset()
	in.effects.reset()
	in.reports.reset()
	in.requests.reset()
	in.events.reset()
	in.tasks.reset()
	if in.arena = in.arena[:0]; cap(in.arena) > keepArena {
		in.arena = nil
	}
}

// list is a queue that is filled, then emptied.
type list[T any] struct {
	items []T
	next  int // the item that take returns
}

func (l *list[T]) push(item T) { l.items = append(l.items, item) }

func (l *list[T]) take() *T {
	l.next++
	return &l.items[l.next-1]
}

func (l *list[T]) left() int { return len(l.items) - l.next }

func (l *list[T]) reset() {
	if len(l.items) == 0 {
		return
	}
	clear(l.items)
	if l.items, l.next = l.items[:0], 0; cap(l.items)*int(unsafe.Sizeof(*new(T))) > keepList {
		l.items = nil
	}
}
