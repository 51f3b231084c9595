// Proved by TestMemory and TestMemoryIsBounded.

package internalhttp

import "time"

// memory keeps the keys of publishes for a while, at most so many of them; the
// oldest go first. It is not safe for concurrent use.
type memory struct {
	limit  int
	window time.Duration
	known  map[string]struct{}
	order  []remembered // ring, oldest at head
	head   int
}

type remembered struct {
	key   string
	until time.Time
}

func newMemory(limit int, window time.Duration) *memory {
	return &memory{limit: limit, window: window, known: make(map[string]struct{})}
}

// has reports whether a key is still remembered.
func (m *memory) has(key string, now time.Time) bool {
	m.expire(now)
	_, ok := m.known[key]
	return ok
}

// add remembers a key that is not.
func (m *memory) add(key string, now time.Time) {
	if len(m.known) >= m.limit {
		m.drop()
	}
	m.known[key] = struct{}{}
	m.order = append(m.order, remembered{key, now.Add(m.window)})
}

// expire forgets keys whose time is over.
func (m *memory) expire(now time.Time) {
	for m.head < len(m.order) && !now.Before(m.order[m.head].until) {
		m.drop()
	}
}

// drop forgets the oldest key. The slice is compacted when half of it is
// behind the head, so its size stays within twice the limit.
func (m *memory) drop() {
	delete(m.known, m.order[m.head].key)
	m.order[m.head] = remembered{}
	m.head++
	if m.head*2 >= len(m.order) {
		m.order = append(m.order[:0], m.order[m.head:]...)
		m.head = 0
	}
}
