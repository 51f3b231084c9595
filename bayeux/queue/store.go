package queue

import (
	"halley/bayeux/event"
	"halley/bayeux/slab"
	"halley/bayeux/work"
)

// Config is what a Store is told once.
type Config struct {
	Settings // QueueBytes are bytes as Cost counts them
	// Key returns the key by which e is conflated in the queue of a session, nil if it is
	// not. The Store asks again for events that come back, since what a session wants may
	// have changed. The key is valid until the next call.
	Key func(owner uint32, e event.Event) []byte
}

// Store has the queues of all sessions of one loop. It is not safe for concurrent use.
type Store struct {
	cfg      Config
	work     *work.Meter
	nodes    nodes
	open     int
	keys     slab.Names[struct{}] // of pending events
	replaced map[keyOf]uint32     // the node that a newer event of its key replaces
	lossTable
	ackTable
	newest map[string]uint32 // for conflate, by channel; kept for its memory
	stats  Stats
}

// keyOf is a key of conflation in one session's queue.
type keyOf struct{ owner, key uint32 }

// New returns a Store, whose work meter counts.
func New(cfg Config, meter *work.Meter) *Store {
	return &Store{cfg: cfg, work: meter,
		replaced:  make(map[keyOf]uint32),
		lossTable: lossTable{losses: make(map[uint32]*losses)},
		ackTable:  ackTable{carried: make(map[uint32][]carried)},
		newest:    make(map[string]uint32),
	}
}

// SetLimits has other limits hold. A queue that has more keeps it until the next event comes, and makes room for that then.
func (s *Store) SetLimits(to Settings) { s.cfg.Settings = to }

// Open makes q the empty queue of the session with the number owner, which no other open
// queue has. acknowledges says that its client acknowledges events by the numbers of
// connect replies: its events stay in flight until then.
func (s *Store) Open(q *Queue, owner uint32, acknowledges bool) {
	*q = Queue{owner: owner, acknowledges: acknowledges}
	s.open++
}

// Close ends a queue and all that is known of it.
func (s *Store) Close(q *Queue) {
	s.forgetKeys(q)
	s.nodes.clear(q)
	s.forgetCarried(q)
	delete(s.losses, q.owner)
	*q = Queue{}
	s.open--
}

// Fits tells whether a queue has room for so many bytes more.
func (s *Store) Fits(q *Queue, bytes int) bool {
	return int(q.bytes+q.reserved)+bytes <= s.cfg.QueueBytes
}

// FitsHalf tells whether e finds room in one half of a queue, the other half of which is
// for newer events. There is room in an empty queue for any one event.
func (s *Store) FitsHalf(q *Queue, e event.Event) bool {
	return q.count == 0 || int(q.count) < s.cfg.QueueMessages/2 && int(q.bytes)+Cost(e) <= s.cfg.QueueBytes/2
}

// Drained tells whether a queue is full to a quarter at most.
func (s *Store) Drained(q *Queue) bool {
	return int(q.count) <= s.cfg.QueueMessages/4 && int(q.bytes) <= s.cfg.QueueBytes/4
}

// Memory is how many bytes the events of all queues have, each counted whole though
// several queues may share it, and how many their places take, used or not.
func (s *Store) Memory() (events, places int) { return s.nodes.bytes, s.nodes.Held() * nodeBytes }

// Stats counts what became of events that did not reach their client. Its tags are those of package
// loop/metric.
type Stats struct {
	Queued       int64  `metric:"queue_messages" help:"Messages in the queues of all sessions."`
	QueueDropped uint64 `metric:"queue_dropped_total" help:"Messages lost to full queues."`
	Conflated    uint64 `metric:"conflated_total" help:"Events that a newer one took the place of."`
}

// Stats returns the counters as they stand.
func (s *Store) Stats() Stats {
	st := s.stats
	st.Queued, st.QueueDropped = int64(s.nodes.count), s.dropped
	return st
}

// Trim gives back memory if no queue is open.
func (s *Store) Trim() {
	if s.open == 0 {
		s.nodes, s.keys = nodes{}, slab.Names[struct{}]{}
	}
}
