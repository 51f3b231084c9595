// Proved by TestMachineSubscribes and TestForgottenCursor.

package client

import (
	"slices"
	"sync"
)

// registry is the table of subscriptions, in the order in which they were made. It
// outlives sessions.
type registry struct {
	every Handler // is given what any of them is given; nil: nobody

	mu   sync.Mutex
	list []registration
}

// set registers the handler of a pattern.
func (t *registry) set(r registration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.find(r.pattern); old != nil {
		*old = r
		return
	}
	t.list = append(t.list, r)
}

// find gives the registration of a pattern, nil if there is none. The caller has
// the lock.
func (t *registry) find(pattern string) *registration {
	for i := range t.list {
		if t.list[i].pattern == pattern {
			return &t.list[i]
		}
	}
	return nil
}

// remove forgets a pattern.
func (t *registry) remove(pattern string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = slices.DeleteFunc(t.list, func(r registration) bool { return r.pattern == pattern })
}

// request is the message that subscribes to a pattern.
func (t *registry) request(pattern string, s *session) request {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(pattern)
	if r == nil { // it was removed meanwhile
		r = &registration{pattern: pattern}
	}
	return r.request(s.id, s.replays)
}

// requests are the messages that subscribe to patterns.
func (t *registry) requests(patterns []string, s *session) []request {
	list := make([]request, len(patterns))
	for i, p := range patterns {
		list[i] = t.request(p, s)
	}
	return list
}

// restart moves the cursor of a pattern that the server has forgotten, if the
// policy is to.
func (t *registry) restart(pattern string, f Forgotten) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(pattern)
	if r == nil || f == ForgottenFails {
		return false
	}
	r.cursor, r.seen = Tip, nil // a server without a memory counts from 1 again
	if f == ForgottenEarliest {
		r.cursor = Earliest
	}
	return true
}

// patterns lists what is subscribed.
func (t *registry) patterns() []string {
	return t.those(func(*registration) bool { return true })
}

// resumable lists the patterns that have a cursor.
func (t *registry) resumable() []string {
	return t.those(func(r *registration) bool { return r.cursor != 0 })
}

func (t *registry) those(wanted func(*registration) bool) (list []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.list {
		if wanted(&t.list[i]) {
			list = append(list, t.list[i].pattern)
		}
	}
	return list
}

// handlers gives the handlers of a message that have not had it yet, and notes that
// they have it.
func (t *registry) handlers(m *Message) (list []Handler) {
	t.mu.Lock()
	defer t.mu.Unlock()
	every := t.every
	for i := range t.list {
		r := &t.list[i]
		if !Matches(r.pattern, m.Channel) || !r.fresh(m) {
			continue
		}
		if every != nil {
			list, every = append(list, every), nil
		}
		if r.handler != nil {
			list = append(list, r.handler)
		}
	}
	return list
}
