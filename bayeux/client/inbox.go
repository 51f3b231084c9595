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

type registration struct {
	pattern string
	handler Handler
}

// set registers the handler of a pattern.
func (b *inbox) set(pattern string, h Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.handlers {
		if b.handlers[i].pattern == pattern {
			b.handlers[i].handler = h
			return
		}
	}
	b.handlers = append(b.handlers, registration{pattern, h})
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
	for _, r := range b.handlers {
		if Matches(r.pattern, m.Channel) {
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
