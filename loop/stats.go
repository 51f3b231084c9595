package loop

import (
	"context"
	"slices"
	"sync"
	"time"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/sequence"
)

// counters are what one loop counts beside its protocol core.
type counters struct {
	requests       uint64
	messagesOut    uint64
	bytesIn        uint64
	bytesOut       uint64
	httpErrors     uint64
	scanErrors     uint64
	frameErrors    uint64
	parseErrors    [httpparse.KindCount]uint64
	floods         uint64 // connections closed for input sent ahead
	abandoned      uint64 // requests and frames whose client left before another loop began to work on them
	slowClosed     uint64 // connections closed for output not read
	lostInFlight   uint64
	panics         uint64
	originsRefused uint64        // requests of pages that are not admitted
	lag            time.Duration // of the last tick
}

// ticked notes how late, in milliseconds, a tick ran after it was posted.
func (c *counters) ticked(late int64) { c.lag = time.Duration(late) * time.Millisecond }

// Stats is what the server has done since its start.
type Stats struct {
	Connections, Accepted, Refused int64 // now; ever; above the limit
	Sessions, Held                 int64 // now
	Handshakes, Expired, Displaced uint64
	HandshakesDamped               uint64 // handshakes refused, since nothing followed many of their address
	Yields                         uint64 // batches that made way for others after --turn-work
	Requests, BytesIn, BytesOut    uint64
	MessagesIn                     uint64        // Bayeux messages that came in
	Published                      uint64        // events accepted, from clients and from the server's side
	Delivered                      uint64        // events written to clients
	QueueDropped                   uint64        // events lost to full queues
	Conflated                      uint64        // events that a newer one took the place of
	HistoryEvents, HistoryBytes    int           // remembered now
	HistoryPages, HistoryRead      uint64        // parts of the past that were read, and events in them
	HistoryLongestHold             time.Duration // of the lock on the order of sequenced channels
	HistoryFailing                 int           // 1 while the history file cannot be written
	HistoryRefused                 uint64        // publishes refused for that
	HistoryRewrites                uint64        // times that the file was written anew
	HistoryRewriteErrors           uint64        // times that this failed
	Bounced                        uint64        // events that went back to their queue
	LostInFlight                   uint64        // replies with events whose connection died before they were confirmed
	BayeuxErrors, HTTPErrors       uint64        // replies with an error
	ScanErrors                     uint64        // bodies that are no batch of messages
	FrameErrors                    uint64        // websockets closed for their frames
	ParseErrors                    map[string]uint64
	Floods, SlowClosed, Panics     uint64
	Restarts                       uint64          // of the event loops, which a failing accept ends
	OriginsRefused                 uint64          // requests of pages that --allow-origin does not admit
	Turns                          []Turns         // by loop
	Kept                           Kept            // now
	MaxMemory                      int64           // --max-memory
	MemoryRefused, MemoryShed      uint64          // publishes and sessions refused, events given up, since memory was short
	MemoryEnded                    uint64          // sessions ended, for their many subscriptions, since memory was short
	Abandoned                      uint64          // requests and frames that were not begun, since their client had left
	LoopLag                        []time.Duration // by loop
	Uptime                         time.Duration
}

// statsTimeout bounds how long Stats waits for a loop that is stuck.
const statsTimeout = time.Second

// Stats adds up the counters of all loops, which are asked at once. Of a loop that
// does not answer within a second the last values count, so that no sum falls.
func (s *Server) Stats() Stats {
	total := Stats{
		Connections: s.connections.Load(),
		Accepted:    int64(s.accepted.Load()),
		Refused:     int64(s.refused.Load()),
		Published:   s.published.Load(),
		Restarts:    max(s.engine.started.Load(), 1) - 1,
		ParseErrors: make(map[string]uint64),
		LoopLag:     make([]time.Duration, s.cfg.Loops),
		Turns:       make([]Turns, s.cfg.Loops),
		Uptime:      time.Since(s.start),
	}
	total.history(s.local.Usage())
	total.Kept.History = total.HistoryBytes
	total.MaxMemory, total.MemoryRefused = s.memory.limit, s.memory.refused.Load()
	ctx, cancel := context.WithTimeout(context.Background(), statsTimeout)
	defer cancel()
	for _, p := range s.census.take(ctx, s) {
		total.add(p)
	}
	for id := range total.LoopLag {
		total.LoopLag[id] = max(total.LoopLag[id], s.overdue(id))
	}
	return total
}

// history tells of what is remembered.
func (s *Stats) history(u sequence.Usage) {
	s.HistoryEvents, s.HistoryBytes = u.Events, u.Bytes
	s.HistoryPages, s.HistoryRead = u.Pages, u.Read
	s.HistoryLongestHold = u.LongestHold
	s.HistoryRefused, s.HistoryRewrites, s.HistoryRewriteErrors = u.File.Refused, u.File.Rewrites, u.File.RewriteErrors
	if u.Failing {
		s.HistoryFailing = 1
	}
}

// overdue is for how long a loop has not run the tick that was posted to it.
func (s *Server) overdue(id int) time.Duration {
	posted := s.tickPosted[id].Load()
	if posted == 0 {
		return 0
	}
	return time.Duration(s.now()-posted) * time.Millisecond
}

// census keeps what each loop has last told of itself.
type census struct {
	mu    sync.Mutex
	parts []part
	asked []chan struct{} // by loop: closed with its answer, nil while it is not asked
}

func newCensus(loops int) *census {
	c := &census{parts: make([]part, loops), asked: make([]chan struct{}, loops)}
	for id := range c.parts {
		c.parts[id].id = uint16(id) // that of a loop which has told nothing yet
	}
	return c
}

// take asks all loops and waits for their answers until ctx is done.
func (c *census) take(ctx context.Context, s *Server) []part {
	for _, answered := range c.ask(s) {
		select {
		case <-answered:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.parts)
}

// ask puts the question to each loop that has none open: one that is stuck is not
// given more to do by each who wants to know.
func (c *census) ask(s *Server) (answers []<-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range *s.bound.Load() {
		if c.asked[r.id] == nil {
			c.asked[r.id] = make(chan struct{})
			s.post(r.id, entry{kind: entryCall, call: func(r *reactor) { c.answer(r.part()) }}, nil)
		}
		answers = append(answers, c.asked[r.id])
	}
	return answers
}

// answer notes what a loop has told.
func (c *census) answer(p part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts[p.id] = p
	close(c.asked[p.id])
	c.asked[p.id] = nil
}

// part is one loop's share of Stats.
type part struct {
	id   uint16
	core bayeux.Stats
	counters
	turns Turns
	kept  Kept
}

func (r *reactor) part() part {
	t := &r.turns
	return part{id: r.id, core: r.core.Stats(), counters: r.counters, turns: Turns{t.busy, t.longest, t.mostMessages, t.mostWork}, kept: r.kept()}
}

func (t *Stats) add(p part) {
	t.Sessions += p.core.Sessions
	t.Held += p.core.Held
	t.Handshakes += p.core.Handshakes
	t.Expired += p.core.Expired
	t.Displaced += p.core.Displaced
	t.HandshakesDamped += p.core.Damped
	t.Yields += p.core.Yields
	t.Requests += p.requests
	t.BytesIn += p.bytesIn
	t.BytesOut += p.bytesOut
	t.MessagesIn += p.core.MessagesIn
	t.Published += p.core.Published
	t.Delivered += p.core.Delivered
	t.QueueDropped += p.core.QueueDropped
	t.MemoryShed += p.core.Shed
	t.MemoryEnded += p.core.ShedSessions
	t.Bounced += p.core.Bounced
	t.Conflated += p.core.Conflated
	t.LostInFlight += p.lostInFlight
	t.BayeuxErrors += p.core.Errors
	t.HTTPErrors += p.httpErrors
	t.ScanErrors += p.scanErrors
	t.FrameErrors += p.frameErrors
	t.Floods += p.floods
	t.SlowClosed += p.slowClosed
	t.Abandoned += p.abandoned
	t.Panics += p.panics
	t.OriginsRefused += p.originsRefused
	for kind, n := range p.parseErrors {
		if n > 0 {
			t.ParseErrors[httpparse.Kind(kind).String()] += n
		}
	}
	t.LoopLag[p.id] = p.lag
	t.Turns[p.id] = p.turns
	t.Kept.add(p.kept)
}
