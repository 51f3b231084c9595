// Proved by TestTheModelMatchesAsTheProtocolSays and TestOnlyWildcardsEmptyTheCache.

package channel

import (
	"bytes"
	"hash/maphash"
)

// Match returns every subscriber of every pattern that matches name, once each, in no promised order. The slice is good until the
// next Match; subscribing and unsubscribing meanwhile is allowed and does not touch it. Wildcards match broadcast names only.
func (t *Table) Match(name []byte) []Subscriber {
	t.out = t.union(t.out[:0], t.matching(name))
	return t.out
}

// Stamp tells the subscribers of a name at one time from those at another: while it stays the same, so do they and all that Touch is
// told about.
type Stamp struct {
	changed  uint64 // the latest change of a pattern that matches
	patterns int    // how many do: one that is gone takes its change along
}

// Stamp returns the stamp of name now.
func (t *Table) Stamp(name []byte) Stamp {
	nodes := t.matching(name)
	stamp := Stamp{patterns: len(nodes)}
	for _, n := range nodes {
		stamp.changed = max(stamp.changed, t.patterns.nodes.At(n).changed)
	}
	return stamp
}

// matching returns the nodes of the patterns that match name.
func (t *Table) matching(name []byte) []uint32 {
	name = Canonical(name)
	e := t.cache.entry(name)
	if !t.cache.holds(e, name) {
		t.cache.fill(e, name)
		e.nodes = t.patterns.match(e.nodes[:0], name)
	}
	return e.nodes
}

// mark is set in the heads of the subscribers that union has seen, and only while it runs.
const mark = 1 << 31

// union appends the subscribers of all nodes, each once.
func (t *Table) union(dst []Subscriber, nodes []uint32) []Subscriber {
	if len(nodes) == 1 { // one list has nobody twice
		return append(dst, t.members(nodes[0])...)
	}
	for _, n := range nodes {
		for _, s := range t.members(n) {
			if t.heads[s]&mark == 0 {
				t.heads[s] |= mark
				dst = append(dst, s)
			}
		}
	}
	for _, s := range dst {
		t.heads[s] &^= mark
	}
	return dst
}

// cache remembers which patterns match a name. Each name has one entry that it may be in, so a stream of ever-new names
// costs what the matching costs and a copy of the name, and no more memory. Subscribers that come and go on known patterns leave it
// alone; a new or forgotten literal empties its own entry, a wildcard all of them.
type cache struct {
	seed       maphash.Seed
	generation uint64 // of the wildcards
	entries    []cached
}

type cached struct {
	generation uint64 // 0: empty
	name       []byte
	nodes      []uint32
}

func newCache(size int) cache {
	return cache{seed: maphash.MakeSeed(), generation: 1, entries: make([]cached, max(size, 1))}
}

// entry is the one entry that can hold name.
func (c *cache) entry(name []byte) *cached {
	return &c.entries[maphash.Bytes(c.seed, name)%uint64(len(c.entries))]
}

func (c *cache) holds(e *cached, name []byte) bool {
	return e.generation == c.generation && bytes.Equal(e.name, name)
}

func (c *cache) fill(e *cached, name []byte) {
	e.generation = c.generation
	e.name = append(e.name[:0], name...)
}

// forget empties the entries that a pattern's coming or going makes wrong.
func (c *cache) forget(pattern []byte) {
	if bytes.HasSuffix(pattern, wildSuffix) || bytes.HasSuffix(pattern, deepSuffix) {
		c.generation++
		return
	}
	if e := c.entry(pattern); c.holds(e, pattern) {
		e.generation = 0
	}
}
