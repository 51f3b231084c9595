package loop

import (
	"context"
	"slices"
	"sync"
	"time"

	"halley/loop/metric"
)

// statsTimeout bounds how long Stats waits for a loop that is stuck.
const statsTimeout = time.Second

// Stats adds up the counters of all loops, which are asked at once. Of a loop that
// does not answer within a second the last values count, so that no sum falls.
func (s *Server) Stats() Stats {
	total := Stats{
		Uptime:        time.Since(s.start),
		Connections:   s.connections.Load(),
		Accepted:      int64(s.accepted.Load()),
		Refused:       int64(s.refused.Load()),
		Restarts:      max(s.engine.started.Load(), 1) - 1,
		MaxMemory:     s.memory.limit,
		MemoryRefused: s.memory.refused.Load(),
		History:       s.local.Usage(),
	}
	ctx, cancel := context.WithTimeout(context.Background(), statsTimeout)
	defer cancel()
	for id, p := range s.census.take(ctx, s) {
		metric.Add(&total.Totals, &p.totals)
		p.loop.Lag = max(p.loop.Lag, s.overdue(id))
		total.Loops = append(total.Loops, p.loop)
	}
	total.Published += s.published.Load()
	total.Kept.History = total.History.Bytes
	return total
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
	parts []part          // by loop
	asked []chan struct{} // by loop: closed with its answer, nil while it is not asked
}

func newCensus(loops int) *census {
	return &census{parts: make([]part, loops), asked: make([]chan struct{}, loops)}
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
			s.do(r.id, func(r *reactor) { c.answer(r.id, partOf(r)) })
		}
		answers = append(answers, c.asked[r.id])
	}
	return answers
}

// answer notes what a loop has told.
func (c *census) answer(id uint16, p part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts[id] = p
	close(c.asked[id])
	c.asked[id] = nil
}

// part is one loop's share of Stats.
type part struct {
	totals Totals
	loop   LoopStats
}

func partOf(r *reactor) part {
	return part{Totals{r.core.Stats(), r.counters, keptBy(r)}, r.turns.LoopStats}
}

// keptBy adds up what a loop keeps.
func keptBy(r *reactor) Kept {
	k := Kept{Input: r.input.waiting.all, Output: r.output.waits()}
	waiting, working := r.box.Kept()
	k.Mailboxes = waiting + working
	k.Queues, k.Nodes, k.Subscriptions = r.core.Kept()
	k.Claims = r.core.Claims()
	for _, l := range r.lined {
		k.Input += l.bytes
	}
	return k
}
