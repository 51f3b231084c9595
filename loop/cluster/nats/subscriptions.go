// Proved by TestSubscriptions.

package nats

import (
	"slices"
	"sync"

	"halley/loop/cluster/wire"
)

// subscription is one handler of a subject.
type subscription struct{ handle func(*wire.Message) }

// subscriptions are the handlers of a wire, and who is told of its connection. NATS has one subscription for all handlers of a
// subject. Which subjects NATS is to know stands here: the goroutine that writes aligns it with this, and again after each loss.
type subscriptions struct {
	mu       sync.Mutex
	subjects map[string][]*subscription // the lists are not changed once they are here
	told     []func(up bool)
}

// add adds a handler.
func (s *subscriptions) add(subject string, handle func(*wire.Message)) *subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &subscription{handle}
	s.subjects[subject] = append(slices.Clone(s.subjects[subject]), added)
	return added
}

// remove takes a handler away. A second time it does nothing.
func (s *subscriptions) remove(subject string, gone *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.subjects[subject]), func(other *subscription) bool { return other == gone })
	if len(list) == 0 {
		delete(s.subjects, subject)
		return
	}
	s.subjects[subject] = list
}

// of returns the handlers of a subject.
func (s *subscriptions) of(subject string) []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subjects[subject]
}

// all returns the subjects that have handlers.
func (s *subscriptions) all() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for subject := range s.subjects {
		list = append(list, subject)
	}
	return list
}

// count is how many subjects have handlers.
func (s *subscriptions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.subjects)
}

// watch adds who is told.
func (s *subscriptions) watch(told func(up bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, told)
}

// tell tells all of them.
func (s *subscriptions) tell(up bool) {
	s.mu.Lock()
	told := slices.Clone(s.told)
	s.mu.Unlock()
	for _, f := range told {
		f(up)
	}
}
