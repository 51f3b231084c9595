// Proved by TestTableBehavesAsItsModel and TestOnlyWildcardsEmptyTheCache.

package channel

import (
	"bytes"
	"strings"
)

// index finds the node of a pattern, and the nodes of all patterns that match a name. Wildcards stand only last, so what can match
// a name is the name itself, its parent with *, and each of its ancestors with **: a map lookup each, where a trie would need
// a map in every one of its nodes.
type index struct {
	literals map[string]uint32 // by the whole name
	wild     map[string]uint32 // by what stands before the "/*"
	deep     map[string]uint32 // by what stands before the "/**"
}

func newIndex() index {
	return index{literals: map[string]uint32{}, wild: map[string]uint32{}, deep: map[string]uint32{}}
}

// find returns the node of exactly this pattern.
func (x *index) find(pattern []byte) (node uint32, known bool) {
	switch {
	case bytes.HasSuffix(pattern, deepSuffix):
		node, known = x.deep[string(pattern[:len(pattern)-len(deepSuffix)])]
	case bytes.HasSuffix(pattern, wildSuffix):
		node, known = x.wild[string(pattern[:len(pattern)-len(wildSuffix)])]
	default:
		node, known = x.literals[string(pattern)]
	}
	return node, known
}

var wildSuffix, deepSuffix = []byte("/*"), []byte("/**")

// add notes the node of a pattern that has none.
func (x *index) add(pattern string, node uint32) {
	set, key := x.place(pattern)
	set[key] = node
}

// remove forgets the node of a pattern.
func (x *index) remove(pattern string) {
	set, key := x.place(pattern)
	delete(set, key)
}

// place is where a pattern is kept.
func (x *index) place(pattern string) (set map[string]uint32, key string) {
	if key, is := strings.CutSuffix(pattern, string(deepSuffix)); is {
		return x.deep, key
	}
	if key, is := strings.CutSuffix(pattern, string(wildSuffix)); is {
		return x.wild, key
	}
	return x.literals, pattern
}

// match appends the nodes of the patterns that match name. Wildcards match broadcast names only (Bayeux 1.0, 2.2).
func (x *index) match(dst []uint32, name []byte) []uint32 {
	if node, known := x.literals[string(name)]; known {
		dst = append(dst, node)
	}
	if len(x.wild)+len(x.deep) == 0 || len(name) == 0 || name[0] != '/' || kindOf(name) != Broadcast {
		return dst
	}
	if node, known := x.wild[string(name[:bytes.LastIndexByte(name, '/')])]; known {
		dst = append(dst, node)
	}
	for i, c := range name {
		if c != '/' {
			continue
		}
		if node, known := x.deep[string(name[:i])]; known {
			dst = append(dst, node)
		}
	}
	return dst
}
