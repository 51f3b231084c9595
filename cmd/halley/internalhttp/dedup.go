// Proved by TestMemory, TestMemoryIsBounded and TestKeysUnderWay.

package internalhttp

import (
	"slices"
	"sync"
	"time"

	"halley/loop"
)

// keys are those of publishes that are remembered or under way.
type keys struct {
	mu    sync.Mutex
	seen  *memory
	under map[string]chan struct{} // closed when the publish of a key is over
}

func newKeys(limit int, window time.Duration) *keys {
	return &keys{seen: newMemory(limit, window), under: make(map[string]chan struct{})}
}

// begin chooses what of a body is to be published, once none of its keys is under way. Then they are, until end is called with what
// became of it.
func (k *keys) begin(items []loop.Publication, now time.Time) (c choice, end func(published bool)) {
	if !slices.ContainsFunc(items, keyed) {
		return choice{batch: items}, func(bool) {}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for other := k.taken(items); other != nil; other = k.taken(items) {
		k.mu.Unlock()
		<-other
		k.mu.Lock()
	}
	c = sift(items, k.seen, now)
	over := make(chan struct{})
	for _, key := range c.keys {
		k.under[key] = over
	}
	return c, func(published bool) { k.end(c.keys, published, now, over) }
}

// keyed tells whether a message has a key.
func keyed(p loop.Publication) bool { return p.Key != "" }

// taken is what tells when a key of a body is under way no longer; nil if none is.
func (k *keys) taken(items []loop.Publication) chan struct{} {
	for i := range items {
		if other := k.under[items[i].Key]; other != nil {
			return other
		}
	}
	return nil
}

// end remembers the keys of what was published.
func (k *keys) end(list []string, published bool, now time.Time, over chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range list {
		if delete(k.under, key); published {
			k.seen.add(key, now)
		}
	}
	close(over)
}

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
