package bayeux

// Slow says what happens to a session whose queue is full.
type Slow uint8

// The policies for slow clients.
const (
	DropOldest Slow = iota // lose the oldest events
	Conflate               // keep the newest event of each channel, then drop the oldest
	Disconnect             // end the session
)

// queue holds a session's undelivered events in order: first those in flight,
// sent but not yet reported written, then the pending ones. Events are numbered
// so that a report names exactly what it is about.
type queue struct {
	head, tail uint32 // nodes; head is valid if count > 0
	first      uint32 // the first pending node, if count > sent
	count      uint32
	sent       uint32 // how many of count are in flight
	bytes      uint32
	base       uint32 // number of the head
	patience   uint32 // events to drop before conflation is tried again
	round      uint32 // events to send before those left are let go, see endRound
}

func (q *queue) pending() uint32 { return q.count - q.sent }

// upto is the number after the last event in flight.
func (q *queue) upto() uint32 { return q.base + q.sent }

type node struct {
	event Event
	next  uint32 // valid but for the tail
	prev  uint32 // valid but for the head
	key   uint32 // of a conflated event, see conflater; 0 none
	batch uint32 // number of the connect reply that it was first sent with, with acknowledgement; or recalled
}

// recalled marks an event in flight that a replay brings again: it does not come
// back if its reply bounces.
const recalled = ^uint32(0)

// nodes is the slab of queue nodes that all sessions of a Server share.
type nodes struct {
	slab []node
	free uint32 // head of the free list, 0 none; node 0 is never used

	bytes int // of the events in all queues
}

func newNodes() nodes { return nodes{slab: make([]node, 1)} }

func (n *nodes) take(e Event) uint32 {
	if i := n.free; i != 0 {
		n.free = n.slab[i].next
		n.slab[i] = node{event: e}
		return i
	}
	n.slab = append(n.slab, node{event: e})
	return uint32(len(n.slab) - 1)
}

func (n *nodes) put(i uint32) {
	n.slab[i] = node{next: n.free}
	n.free = i
}

// push appends e as the newest pending event.
func (n *nodes) push(q *queue, e Event) {
	n.link(q, n.take(e))
	n.grow(q, len(e))
}

// grow accounts for that many bytes more in a queue.
func (n *nodes) grow(q *queue, bytes int) {
	q.bytes += uint32(bytes)
	n.bytes += bytes
}

// room is what the nodes take, used or not.
func (n *nodes) room() int { return cap(n.slab) * nodeSize }

// link makes node i the newest pending one.
func (n *nodes) link(q *queue, i uint32) {
	if q.count > 0 {
		n.slab[q.tail].next, n.slab[i].prev = i, q.tail
	} else {
		q.head = i
	}
	if q.pending() == 0 {
		q.first = i
	}
	q.tail = i
	q.count++
}

// unlink takes the pending node i out of the queue.
func (n *nodes) unlink(q *queue, i uint32) {
	next, prev := n.slab[i].next, n.slab[i].prev
	if q.head == i {
		q.head = next
	} else {
		n.slab[prev].next = next
	}
	if q.tail == i {
		q.tail = prev
	} else {
		n.slab[next].prev = prev
	}
	if q.first == i {
		q.first = next
	}
	q.count--
}

// remove takes the pending node i out of the queue and frees it.
func (n *nodes) remove(q *queue, i uint32) {
	n.unlink(q, i)
	n.grow(q, -len(n.slab[i].event))
	n.put(i)
}

// toTail makes the pending node i the newest.
func (n *nodes) toTail(q *queue, i uint32) {
	n.unlink(q, i)
	n.link(q, i)
}

// dropOldest removes the oldest pending event and returns it.
func (n *nodes) dropOldest(q *queue) Event {
	i := q.first
	e := n.slab[i].event
	n.remove(q, i)
	return e
}

// written removes what is in flight.
func (n *nodes) written(q *queue) {
	for ; q.sent > 0; q.sent-- {
		i := q.head
		q.head = n.slab[i].next
		q.count--
		n.grow(q, -len(n.slab[i].event))
		q.base++
		n.put(i)
	}
}

// bounced makes what is in flight pending again, before everything newer, under
// new numbers: a report that is still to come is about none of it. What was
// recalled goes.
func (n *nodes) bounced(q *queue) {
	if q.sent == 0 {
		return
	}
	sent := q.sent
	q.first, q.sent = q.head, 0
	q.base += sent
	for i := q.head; sent > 0; sent-- {
		next := n.slab[i].next
		if n.slab[i].batch == recalled {
			n.remove(q, i)
		}
		i = next
	}
}

// clear empties the queue.
func (n *nodes) clear(q *queue) {
	q.sent = q.count
	n.written(q)
}

// enqueue puts e on the session's queue, after making room by the policy. It
// returns false if the policy is to end the session.
func (s *Server) enqueue(slot uint32, r *session, e Event) bool {
	q := &r.queue
	for q.pending() > 0 && s.full(q, e) {
		if s.cfg.Slow == Disconnect {
			return false
		}
		s.makeRoom(slot, q)
	}
	s.nodes.push(q, e)
	return true
}

func (s *Server) full(q *queue, e Event) bool {
	return int(q.count) >= s.cfg.QueueMessages || int(q.bytes)+len(e) > s.cfg.QueueBytes
}

func (s *Server) makeRoom(slot uint32, q *queue) {
	if s.cfg.Slow == Conflate && q.patience == 0 && s.conflate(slot, q) > 0 {
		return
	}
	if q.patience > 0 {
		q.patience--
	}
	s.forgetKey(slot, q.first)
	s.drop(slot, s.nodes.dropOldest(q).Channel())
}

// conflate removes every pending event that a newer one of its channel follows
// and returns how many it removed. A pass that finds little is not repeated at
// once, so that its cost stays a constant share of the events'.
func (s *Server) conflate(slot uint32, q *queue) (removed uint32) {
	clear(s.newest)
	for i, k := q.first, q.pending(); k > 0; i, k = s.nodes.slab[i].next, k-1 {
		s.newest[s.nodes.slab[i].event.Channel()] = i
	}
	before := q.pending()
	i := q.first
	for k := before; k > 0; k-- {
		e, next := s.nodes.slab[i].event, s.nodes.slab[i].next
		if s.newest[e.Channel()] != i {
			s.forgetKey(slot, i)
			s.nodes.remove(q, i)
			s.drop(slot, e.Channel())
			removed++
		}
		i = next
	}
	if removed < before/4 {
		q.patience = before / 4
	}
	return removed
}
