// Proved by TestCacheIsBounded.

package token

import (
	"crypto/sha256"
	"sync"
)

// cache remembers tokens that were good, by a hash, until they expire or the keys change. It is bounded: when the young
// half is full, the old one is forgotten.
type cache struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]proved
	bytes      int // of the young
}

type proved struct {
	identity
	by *keySet
}

const (
	cacheBytes = 8 << 20 // of each half
	entryBytes = 250     // of an entry beside its rights
)

// get finds what a token says that the keys of a set have proved.
func (c *cache) get(text string, by *keySet, now int64) (identity, bool) {
	sum := sha256.Sum256([]byte(text))
	c.mu.Lock()
	defer c.mu.Unlock()
	p, known := c.young[sum]
	if !known {
		if p, known = c.old[sum]; known {
			delete(c.old, sum)
			c.put(sum, p)
		}
	}
	return p.identity, known && p.by == by && now < p.expires
}

// add notes what a token says.
func (c *cache) add(text string, id identity, by *keySet) {
	sum := sha256.Sum256([]byte(text))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(sum, proved{id, by})
}

func (c *cache) put(sum [sha256.Size]byte, p proved) {
	if c.young == nil || c.bytes > cacheBytes {
		c.old, c.young, c.bytes = c.young, make(map[[sha256.Size]byte]proved), 0
	}
	if _, known := c.young[sum]; !known {
		c.bytes += entryBytes + len(p.rights) + len(p.subject)
	}
	c.young[sum] = p
}
