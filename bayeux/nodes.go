package bayeux

import (
	"unsafe"

	"halley/bayeux/event"
)

// nodes are the queue nodes that all sessions of a Server share, in chunks: memory is
// never moved, and goes back when a chunk is empty.
type nodes struct {
	chunks []nodeChunk
	open   []uint32 // places of chunks that may have a free node, each once
	vacant []uint32 // places without a chunk
	empty  int      // chunks without a node in use; one is kept
	held   int      // chunks that there are

	bytes int // of the events in all queues
}

const chunkNodes = 512

type nodeChunk struct {
	nodes *[chunkNodes]node // nil at a vacant place, or one that is still in open
	free  uint32            // the first free node, counted from 1, and so on by next; 0 none
	used  uint32
	open  bool // it stands in nodes.open
}

// nodeBytes is what a queued event costs beside its own bytes.
const nodeBytes = uint32(unsafe.Sizeof(node{}))

// cost is what a queued event counts for in its session's queue.
func cost(e event.Event) uint32 { return uint32(len(e)) + nodeBytes }

func newNodes() nodes { return nodes{} }

// memory is what the nodes take, used or not, in bytes.
func (n *nodes) memory() int { return n.held * chunkNodes * int(nodeBytes) }

// at is the node of a number that take has given.
func (n *nodes) at(i uint32) *node { return &n.chunks[i/chunkNodes].nodes[i%chunkNodes] }

// take returns the number of a node for e.
func (n *nodes) take(e event.Event) uint32 {
	place := n.room()
	c := &n.chunks[place]
	i := c.free - 1
	c.free = c.nodes[i].next
	c.nodes[i] = node{event: e}
	if c.used++; c.used == 1 {
		n.empty--
	}
	return place*chunkNodes + i
}

// room returns the place of a chunk with a free node.
func (n *nodes) room() uint32 {
	for len(n.open) > 0 {
		place := n.open[len(n.open)-1]
		c := &n.chunks[place]
		if c.free != 0 {
			return place
		}
		n.open = n.open[:len(n.open)-1]
		if c.open = false; c.nodes == nil {
			n.vacant = append(n.vacant, place)
		}
	}
	return n.extend()
}

// extend makes a chunk.
func (n *nodes) extend() uint32 {
	place := uint32(len(n.chunks))
	if last := len(n.vacant) - 1; last >= 0 {
		place, n.vacant = n.vacant[last], n.vacant[:last]
	} else {
		n.chunks = append(n.chunks, nodeChunk{})
	}
	c := nodeChunk{nodes: new([chunkNodes]node), free: 1, open: true}
	for i := range uint32(chunkNodes - 1) {
		c.nodes[i].next = i + 2
	}
	n.chunks[place] = c
	n.open = append(n.open, place)
	n.empty++
	n.held++
	return place
}

// put frees a node, and with it its chunk if that and another one are empty.
func (n *nodes) put(i uint32) {
	place := i / chunkNodes
	c := &n.chunks[place]
	c.nodes[i%chunkNodes] = node{next: c.free}
	c.free = i%chunkNodes + 1
	if !c.open {
		c.open = true
		n.open = append(n.open, place)
	}
	if c.used--; c.used > 0 {
		return
	}
	if n.empty > 0 {
		c.nodes, c.free = nil, 0
		n.held--
		return
	}
	n.empty++
}
