package hook

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux"
)

// name is that of a question: of all that was asked.
type name [sha256.Size]byte

func nameOfBody(body []byte) name { return sha256.Sum256(body) }

// cache keeps verdicts, within so many bytes; what was not asked for the longest goes first.
type cache struct {
	room   int
	filled atomic.Bool // something was kept once
	mu     sync.Mutex
	known  map[name]*list.Element
	order  list.List // *kept, the latest one first
	bytes  int
}

type kept struct {
	name    name
	verdict bayeux.Verdict
	until   time.Time
}

// keptCost is about what a verdict takes beside its texts.
const keptCost = 400

func (k *kept) cost() int { return keptCost + len(k.verdict.Claims) + len(k.verdict.Reason) }

func newCache(room int) *cache { return &cache{room: room, known: make(map[name]*list.Element)} }

// used tells whether it is worth while to work out a question's name.
func (c *cache) used() bool { return c.filled.Load() }

// get is the verdict on a question that is still good.
func (c *cache) get(n name, now time.Time) (bayeux.Verdict, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.known[n]
	if e == nil {
		return bayeux.Verdict{}, false
	}
	k := e.Value.(*kept)
	if !now.Before(k.until) {
		c.drop(e)
		return bayeux.Verdict{}, false
	}
	c.order.MoveToFront(e)
	return k.verdict, true
}

// put keeps a verdict, but not for longer than what it gives.
func (c *cache) put(n name, v bayeux.Verdict, now time.Time, age time.Duration) {
	until := now.Add(age)
	if v.Expiry != 0 && time.UnixMilli(v.Expiry).Before(until) {
		until = time.UnixMilli(v.Expiry)
	}
	k := &kept{n, v, until}
	if !now.Before(until) || k.cost() > c.room {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.known[n]; old != nil {
		c.drop(old)
	}
	c.known[n] = c.order.PushFront(k)
	for c.bytes += k.cost(); c.bytes > c.room; {
		c.drop(c.order.Back())
	}
	c.filled.Store(true)
}

func (c *cache) drop(e *list.Element) {
	k := c.order.Remove(e).(*kept)
	delete(c.known, k.name)
	c.bytes -= k.cost()
}

// size is how many verdicts are kept.
func (c *cache) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}
