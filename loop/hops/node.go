// Package hops knows this server among those that pass messages on to each other, and which messages have been here.
package hops

import (
	"crypto/rand"
	"encoding/hex"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"halley/bayeux/event"
)

// remembered is how many messages from other servers are remembered, to know them if they come again by another way.
const remembered = 1 << 16

// Figures are what a Node has counted.
type Figures struct {
	Drops Drops `metric:"passed_dropped_total" label:"reason" help:"Messages from other servers that were not published: they had been here, came a second time, or had passed too many servers."`
}

// Drops are messages from other servers, by why they were not published.
type Drops struct{ Returned, Doubled, Hops uint64 }

// Node is this server, for as long as it runs. Its methods may be called from any goroutine.
type Node struct {
	id    string
	marks func(channel []byte) bool // nil: none is marked
	next  atomic.Uint64
	seed  maphash.Seed

	mu      sync.Mutex
	seen    map[uint64]struct{}
	order   []uint64 // the keys of seen, of which the oldest is at
	at      int
	figures Figures
}

// New returns a Node of a random id. It marks the messages of its own on the channels of which marks tells, so that one that comes
// to another server by several ways is known there; of none if marks is nil.
func New(marks func(channel []byte) bool) *Node {
	var id [event.NodeID / 2]byte
	rand.Read(id[:])
	return &Node{id: hex.EncodeToString(id[:]), marks: marks, seed: maphash.MakeSeed(), seen: make(map[uint64]struct{})}
}

// Node is the id.
func (n *Node) Node() string { return n.id }

// Mark is the trail of the next message that is published here to a channel; zero: it is not marked.
func (n *Node) Mark(channel []byte) (t event.Trail) {
	if n.marks != nil && n.marks(channel) {
		t = n.Number(t)
	}
	return t
}

// Next is the number of the next message that this server passes on.
func (n *Node) Next() uint64 { return n.next.Add(1) }

// Number is t with a number of this server, if it has none.
func (n *Node) Number(t event.Trail) event.Trail {
	if t.Origin == "" {
		t.Origin, t.Number = n.id, n.Next()
	}
	return t
}

// Admit tells whether a message that came with a trail is to be published here, and remembers it then.
func (n *Node) Admit(t event.Trail, channel, data []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case t.Has(n.id):
		n.figures.Drops.Returned++
	case t.Over():
		n.figures.Drops.Hops++
	case t.Origin != "" && !n.remember(n.key(t, channel, data)):
		n.figures.Drops.Doubled++
	default:
		return true
	}
	return false
}

// Forget has a message admitted that was, and could not be published.
func (n *Node) Forget(t event.Trail, channel, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.seen, n.key(t, channel, data))
}

// key is by what a message is known. It has the data, too: otherwise any client could have another's message dropped, by sending
// one with its number before.
func (n *Node) key(t event.Trail, channel, data []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(n.seed)
	h.WriteString(t.Origin)
	var number [8]byte
	for i := range number {
		number[i] = byte(t.Number >> (8 * i))
	}
	h.Write(number[:])
	h.Write(channel)
	h.WriteByte(0)
	h.Write(data)
	return h.Sum64()
}

// remember tells whether a key is new.
func (n *Node) remember(key uint64) bool {
	if _, known := n.seen[key]; known {
		return false
	}
	n.seen[key] = struct{}{}
	if len(n.order) < remembered {
		n.order = append(n.order, key)
		return true
	}
	delete(n.seen, n.order[n.at])
	n.order[n.at] = key
	n.at = (n.at + 1) % remembered
	return true
}

// Figures are what was counted so far.
func (n *Node) Figures() Figures {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.figures
}
