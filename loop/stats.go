package loop

import (
	"context"
	"slices"
	"sync"
	"time"
)

// statsTimeout bounds how long Stats waits for a loop that is stuck.
const statsTimeout = time.Second

// census keeps what each loop has last told of itself.
type census struct {
	patience time.Duration // how long who asks waits for a loop

	mu    sync.Mutex
	parts []part          // by loop
	asked []chan struct{} // by loop: closed with its answer, nil while it is not asked
}

func newCensus(loops int) *census {
	return &census{patience: statsTimeout, parts: make([]part, loops), asked: make([]chan struct{}, loops)}
}

// take asks all loops and waits for their answers until ctx is done.
func (c *census) take(ctx context.Context, loops *loops) []part {
	for _, answered := range c.ask(loops) {
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
func (c *census) ask(loops *loops) (answers []<-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range *loops.bound.Load() {
		if c.asked[r.id] == nil {
			c.asked[r.id] = make(chan struct{})
			loops.do(r.id, func(r *reactor) { c.answer(r.id, partOf(r)) })
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
	p := part{Totals{r.core.Stats(), r.counters, int64(len(r.output.slow)), keptBy(r)}, r.turns.LoopStats}
	p.loop.Connections = r.conns.Len()
	return p
}

// keptBy adds up what a loop keeps.
func keptBy(r *reactor) Kept {
	k := Kept{Input: r.input.waiting.all + r.errands.bytes, Output: r.output.waits()}
	waiting, working := r.box.Kept()
	k.Mailboxes = waiting + working
	core := r.core.Kept()
	k.Queues, k.Nodes, k.Subscriptions, k.Claims, k.Repeats = core.Events, core.Nodes, core.Subscriptions, core.Claims, core.Repeats
	for _, l := range r.backlogs {
		k.Input += l.bytes
	}
	return k
}
