// Proved by TestTableBehavesAsItsModel and TestOnlyWildcardsEmptyTheCache.

package channel

import (
	"bytes"
	"hash/maphash"

	"halley/bayeux/slab"
)

// index finds the node of a pattern, and the nodes of all patterns that match a name. Wildcards stand only last, so what can match
// a name is the name itself, its parent with *, and each of its ancestors with **: a lookup each, where a trie would need
// a table in every one of its nodes.
type index struct {
	seed  maphash.Seed
	parts [3]parts // of node numbers, counted from 1: literals, wildcards, deep wildcards, each as short a way as if there were no others
	nodes slab.Pages[node, *node]
	texts slab.Texts
	kinds [3][maxSegments + 1]int // see kind
}

// node is one pattern that has subscribers. A node that is not used has no text.
type node struct {
	text    uint32 // of the pattern
	hash    uint32
	more    uint32 // the list of its subscribers, 0 as long as there has been one alone
	sole    [1]Subscriber
	changed uint64 // number of its latest change
}

// Link implements slab.Linked.
func (n *node) Link() *uint32 { return &n.hash }

func newIndex() index { return index{seed: maphash.MakeSeed()} }

var wildSuffix, deepSuffix = []byte("/*"), []byte("/**")

// split takes a pattern apart into what its hash is of, and its suffix.
func split(pattern []byte) (base, suffix []byte) {
	switch {
	case bytes.HasSuffix(pattern, deepSuffix):
		return pattern[:len(pattern)-len(deepSuffix)], deepSuffix
	case bytes.HasSuffix(pattern, wildSuffix):
		return pattern[:len(pattern)-len(wildSuffix)], wildSuffix
	}
	return pattern, nil
}

// ending is the place of a suffix in index.parts and index.kinds.
func ending(suffix []byte) int { return max(len(suffix)-1, 0) }

// of is the part of a pattern that was taken apart, and its hash.
func (x *index) of(base, suffix []byte) (*slots, uint32) {
	hash := uint32(maphash.Bytes(x.seed, base) >> 32)
	return x.parts[ending(suffix)].part(hash), hash
}

// hashOf is the hash of the node in a slot.
func (x *index) hashOf(number uint32) uint32 { return x.nodes.At(number - 1).hash }

// find returns the node of exactly this pattern.
func (x *index) find(pattern []byte) (node uint32, known bool) {
	base, suffix := split(pattern)
	return x.look(base, suffix)
}

func (x *index) look(base, suffix []byte) (node uint32, known bool) {
	p, hash := x.of(base, suffix)
	if p.used == 0 {
		return 0, false
	}
	i := x.slot(p, hash, base, suffix)
	return p.of[i] - 1, p.of[i] != 0
}

// slot is that of a pattern, or the empty one where it would be.
func (x *index) slot(p *slots, hash uint32, base, suffix []byte) int {
	i := p.home(hash)
	for ; p.of[i] != 0; i = p.after(i) {
		if n := x.nodes.At(p.of[i] - 1); n.hash == hash && x.texts.Is(n.text, base, suffix) {
			break
		}
	}
	return i
}

// maxSegments is up to how many segments kind tells apart.
const maxSegments = 15

// kind is the number of patterns with as many segments before the suffix, and the suffix. Where nobody has any, none is looked for.
func (x *index) kind(base, suffix []byte) *int {
	return &x.kinds[ending(suffix)][min(bytes.Count(base, slash), maxSegments)]
}

// add makes the node of a pattern that has none, with its first subscriber.
func (x *index) add(pattern []byte, first Subscriber) (number uint32) {
	base, suffix := split(pattern)
	p, hash := x.of(base, suffix)
	number = x.nodes.Take(node{text: x.texts.Add(pattern), hash: hash, sole: [1]Subscriber{first}})
	p.enter(number+1, x)
	*x.kind(base, suffix)++
	return number
}

// remove forgets the node of a pattern.
func (x *index) remove(number uint32, pattern []byte) {
	base, suffix := split(pattern)
	p, hash := x.of(base, suffix)
	p.empty(x.slot(p, hash, base, suffix), x)
	x.texts.Remove(x.nodes.At(number).text)
	x.nodes.Release(number)
	*x.kind(base, suffix)--
}

// match appends the nodes of the patterns that match name. Wildcards match broadcast names only (Bayeux 1.0, 2.2).
func (x *index) match(dst []uint32, name []byte) []uint32 {
	if *x.kind(name, nil) > 0 {
		dst = x.matchUnder(dst, name, nil)
	}
	if len(name) == 0 || name[0] != '/' || kindOf(name) != Broadcast {
		return dst
	}
	segments, last := 0, 0
	for i, c := range name {
		if c != '/' {
			continue
		}
		if x.kinds[2][min(segments, maxSegments)] > 0 {
			dst = x.matchUnder(dst, name[:i], deepSuffix)
		}
		segments, last = segments+1, i
	}
	if x.kinds[1][min(segments-1, maxSegments)] > 0 {
		dst = x.matchUnder(dst, name[:last], wildSuffix)
	}
	return dst
}

func (x *index) matchUnder(dst []uint32, base, suffix []byte) []uint32 {
	if node, known := x.look(base, suffix); known {
		dst = append(dst, node)
	}
	return dst
}

// slotBytes is what the slots take.
func (x *index) slotBytes() (n int) {
	for i := range x.parts {
		n += x.parts[i].bytes()
	}
	return n
}
