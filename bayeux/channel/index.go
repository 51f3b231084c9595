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
	parts parts // of node numbers, counted from 1
	nodes slab.Pages[node, *node]
	texts slab.Texts
	wild  int // patterns that end with "/*"
	deep  int // patterns that end with "/**"
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

// hash is that of a pattern that was taken apart.
func (x *index) hash(base, suffix []byte) uint32 {
	return uint32(maphash.Bytes(x.seed, base)>>32) + uint32(len(suffix))<<23 // another part for each suffix
}

// hashOf is the hash of the node in a slot.
func (x *index) hashOf(number uint32) uint32 { return x.nodes.At(number - 1).hash }

// find returns the node of exactly this pattern.
func (x *index) find(pattern []byte) (node uint32, known bool) {
	base, suffix := split(pattern)
	return x.look(base, suffix)
}

func (x *index) look(base, suffix []byte) (node uint32, known bool) {
	hash := x.hash(base, suffix)
	p := x.parts.part(hash)
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

// count is the number of patterns with a suffix, if they are counted.
func (x *index) count(suffix []byte) *int {
	switch len(suffix) {
	case len(wildSuffix):
		return &x.wild
	case len(deepSuffix):
		return &x.deep
	}
	return new(int)
}

// add makes the node of a pattern that has none, with its first subscriber.
func (x *index) add(pattern []byte, first Subscriber) (number uint32) {
	base, suffix := split(pattern)
	hash := x.hash(base, suffix)
	number = x.nodes.Take(node{text: x.texts.Add(pattern), hash: hash, sole: [1]Subscriber{first}})
	x.parts.part(hash).enter(number+1, x)
	*x.count(suffix)++
	return number
}

// remove forgets the node of a pattern.
func (x *index) remove(number uint32, pattern []byte) {
	base, suffix := split(pattern)
	n := x.nodes.At(number)
	p := x.parts.part(n.hash)
	p.empty(x.slot(p, n.hash, base, suffix), x)
	x.texts.Remove(n.text)
	x.nodes.Release(number)
	*x.count(suffix)--
}

// match appends the nodes of the patterns that match name. Wildcards match broadcast names only (Bayeux 1.0, 2.2).
func (x *index) match(dst []uint32, name []byte) []uint32 {
	if node, known := x.look(name, nil); known {
		dst = append(dst, node)
	}
	if x.wild+x.deep == 0 || len(name) == 0 || name[0] != '/' || kindOf(name) != Broadcast {
		return dst
	}
	if x.wild > 0 {
		dst = x.matchUnder(dst, name[:bytes.LastIndexByte(name, '/')], wildSuffix)
	}
	for i, c := range name {
		if c == '/' && x.deep > 0 {
			dst = x.matchUnder(dst, name[:i], deepSuffix)
		}
	}
	return dst
}

func (x *index) matchUnder(dst []uint32, base, suffix []byte) []uint32 {
	if node, known := x.look(base, suffix); known {
		dst = append(dst, node)
	}
	return dst
}
