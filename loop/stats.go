package loop

import (
	"context"
	"time"

	"halley/bayeux"
	"halley/httpparse"
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
	Requests, BytesIn, BytesOut    uint64
	MessagesIn                     uint64 // Bayeux messages that came in
	Published                      uint64 // events accepted, from clients and from the server's side
	Delivered                      uint64 // events written to clients
	QueueDropped                   uint64 // events lost to full queues
	Conflated                      uint64 // events that a newer one took the place of
	HistoryEvents, HistoryBytes    int    // remembered now
	Bounced                        uint64 // events that went back to their queue
	LostInFlight                   uint64 // replies with events whose connection died before they were confirmed
	BayeuxErrors, HTTPErrors       uint64 // replies with an error
	ScanErrors                     uint64 // bodies that are no batch of messages
	FrameErrors                    uint64 // websockets closed for their frames
	ParseErrors                    map[string]uint64
	Floods, SlowClosed, Panics     uint64
	OriginsRefused                 uint64          // requests of pages that --allow-origin does not admit
	LoopLag                        []time.Duration // by loop
	Uptime                         time.Duration
}

// statsTimeout bounds how long Stats waits for a loop that is stuck.
const statsTimeout = time.Second

// Stats adds up the counters of all loops. A loop that does not answer within a
// second is left out.
func (s *Server) Stats() Stats {
	total := Stats{
		Connections: s.connections.Load(),
		Accepted:    int64(s.accepted.Load()),
		Refused:     int64(s.refused.Load()),
		Published:   s.published.Load(),
		ParseErrors: make(map[string]uint64),
		LoopLag:     make([]time.Duration, s.cfg.Loops),
		Uptime:      time.Since(s.start),
	}
	total.HistoryEvents, total.HistoryBytes = s.store.usage()
	ctx, cancel := context.WithTimeout(context.Background(), statsTimeout)
	defer cancel()
	parts := make(chan part, s.cfg.Loops)
	s.visit(ctx, func(r *reactor) { parts <- r.part() })
	for len(parts) > 0 {
		total.add(<-parts)
	}
	return total
}

// part is one loop's share of Stats.
type part struct {
	id   uint16
	core bayeux.Stats
	counters
}

func (r *reactor) part() part {
	return part{id: r.id, core: r.core.Stats(), counters: r.counters}
}

func (t *Stats) add(p part) {
	t.Sessions += p.core.Sessions
	t.Held += p.core.Held
	t.Handshakes += p.core.Handshakes
	t.Expired += p.core.Expired
	t.Displaced += p.core.Displaced
	t.Requests += p.requests
	t.BytesIn += p.bytesIn
	t.BytesOut += p.bytesOut
	t.MessagesIn += p.core.MessagesIn
	t.Published += p.core.Published
	t.Delivered += p.core.Delivered
	t.QueueDropped += p.core.QueueDropped
	t.Bounced += p.core.Bounced
	t.Conflated += p.core.Conflated
	t.LostInFlight += p.lostInFlight
	t.BayeuxErrors += p.core.Errors
	t.HTTPErrors += p.httpErrors
	t.ScanErrors += p.scanErrors
	t.FrameErrors += p.frameErrors
	t.Floods += p.floods
	t.SlowClosed += p.slowClosed
	t.Panics += p.panics
	t.OriginsRefused += p.originsRefused
	for kind, n := range p.parseErrors {
		if n > 0 {
			t.ParseErrors[httpparse.Kind(kind).String()] += n
		}
	}
	t.LoopLag[p.id] = p.lag
}
