package client

import "sync"

// inbox hands deliveries to handlers, one at a time and in order, whichever
// request brought them. The goroutine that finds the inbox idle does the work;
// a handler that publishes may thereby bring more, which wait their turn.
type inbox struct {
	mu       sync.Mutex
	handlers []registration // in the order of their subscription
	waiting  []Message
	busy     bool
	idle     chan struct{} // closed when the work at hand is done
}

// set registers the handler of a pattern.
func (b *inbox) set(r registration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.find(r.pattern); old != nil {
		*old = r
		return
	}
	b.handlers = append(b.handlers, r)
}

// find gives the registration of a pattern, nil if there is none. The caller has
// the lock.
func (b *inbox) find(pattern string) *registration {
	for i := range b.handlers {
		if b.handlers[i].pattern == pattern {
			return &b.handlers[i]
		}
	}
	return nil
}

// request is the message that subscribes to a pattern.
func (b *inbox) request(pattern, session string, replay bool) request {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.find(pattern)
	if r == nil { // it was removed meanwhile
		r = &registration{pattern: pattern}
	}
	return r.request(session, replay)
}

// restart moves the cursor of a pattern that the server has forgotten, if the
// policy is to.
func (b *inbox) restart(pattern string, f Forgotten) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.find(pattern)
	if r == nil || f == ForgottenFails {
		return false
	}
	r.cursor, r.seen = Tip, nil // a server without a memory counts from 1 again
	if f == ForgottenEarliest {
		r.cursor = Earliest
	}
	return true
}

// resumable lists the patterns that have a cursor.
func (b *inbox) resumable() (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.handlers {
		if b.handlers[i].cursor != 0 {
			list = append(list, b.handlers[i].pattern)
		}
	}
	return list
}

// remove forgets a pattern.
func (b *inbox) remove(pattern string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.handlers {
		if b.handlers[i].pattern == pattern {
			b.handlers = append(b.handlers[:i:i], b.handlers[i+1:]...)
			return
		}
	}
}

// patterns lists what is subscribed.
func (b *inbox) patterns() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]string, len(b.handlers))
	for i, r := range b.handlers {
		list[i] = r.pattern
	}
	return list
}

// put appends deliveries and, unless another call is at it, hands out all that
// wait.
func (b *inbox) put(messages []Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, messages...)
	if b.busy || len(b.waiting) == 0 {
		return
	}
	b.busy, b.idle = true, make(chan struct{})
	defer func() { b.busy = false; close(b.idle) }()
	for len(b.waiting) > 0 {
		m := b.waiting[0]
		b.waiting[0] = Message{}
		b.waiting = b.waiting[1:]
		b.deliver(m)
	}
}

// deliver calls the handlers of one message without the lock.
func (b *inbox) deliver(m Message) {
	var to []Handler
	for i := range b.handlers {
		if r := &b.handlers[i]; Matches(r.pattern, m.Channel) && r.fresh(&m) {
			to = append(to, r.handler)
		}
	}
	b.mu.Unlock()
	defer b.mu.Lock()
	for _, h := range to {
		h(m)
	}
}

// settled is closed once nothing waits: Run does not fetch more before slow
// handlers have caught up.
func (b *inbox) settled() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy {
		return b.idle
	}
	done := make(chan struct{})
	close(done)
	return done
}
