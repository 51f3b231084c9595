// Proved by TestJoin and TestJoinWithoutAnswer.

package spread

import (
	"context"
	"time"
)

// join is the way of a node to the snapshots of another one.
type join struct {
	*Spread
	begun   time.Time
	from    Origin // whom it asks
	tried   map[Origin]bool
	request uint64
	next    int64 // place
	sent    time.Time
	after   time.Time // when it begins to ask; zero: not all nodes have confirmed its subscriptions
	done    bool
	alone   bool // no other node has any, or none has answered
}

// The patience of a node that begins.
const (
	joinLooks   = 20 * time.Millisecond
	joinAlone   = 1500 * time.Millisecond // until it believes that there is no other node
	joinGrace   = 100 * time.Millisecond  // for what others had on their way to each other
	joinPage    = time.Second             // for a page
	joinOverall = 30 * time.Second
)

// Join gets what other nodes remember for new subscribers, from one of them. It returns when it has that, when nobody has any or has
// answered, or when ctx is done. Run must run; Log must have been called. It tells of how many channels it has got the last event.
func (s *Spread) Join(ctx context.Context) (restored int) {
	if local := s.in.local.Load(); local == nil || len(local.Rules().Snapshots()) == 0 {
		return 0
	}
	ticks := time.NewTicker(joinLooks)
	defer ticks.Stop()
	j := &join{Spread: s, begun: s.now(), tried: make(map[Origin]bool)}
	for {
		select {
		case p := <-s.in.arrived:
			restored += j.take(&p)
		case <-ticks.C:
		case <-ctx.Done():
			return restored
		}
		if j.step(s.now()); j.done {
			if j.alone && len(j.tried) > 0 {
				s.log.Warn("no other node has answered with its snapshots: channels have none until something is published there")
			}
			return restored
		}
	}
}

// step goes on with what is due.
func (j *join) step(now time.Time) {
	switch {
	case j.done:
	case now.Sub(j.begun) > joinOverall:
		j.done, j.alone = true, true
	case j.from != Origin{}:
		if now.Sub(j.sent) > joinPage {
			j.from = Origin{} // another one
		}
	case j.in.unconfirmed() && now.Sub(j.begun) < joinAlone:
	case j.after.IsZero():
		j.after = now.Add(joinGrace)
	case now.Before(j.after):
	default:
		if j.from = j.in.eldest(j.tried); j.from == (Origin{}) {
			j.done, j.alone = true, true
			return
		}
		j.tried[j.from], j.next = true, 0
		j.ask(now)
	}
}

func (j *join) ask(now time.Time) {
	j.request++
	j.sent = now
	j.out.toOne(j.from.Node, kindWant, uints(j.request, uint64(j.next)))
}

// take takes a page, if it is the one that is waited for.
func (j *join) take(p *page) (restored int) {
	if j.from == (Origin{}) || p.request != j.request {
		return 0
	}
	restored = j.in.local.Load().Restore(p.entries)
	if j.next = p.next; !p.more {
		j.done = true
		return restored
	}
	j.ask(j.now())
	return restored
}

// unconfirmed tells whether no other node is known, or one that is has not confirmed all subscriptions yet.
func (i *in) unconfirmed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	batch, known := i.wants.last(), false
	for _, o := range i.origins {
		if o.gone || o.left {
			continue
		}
		if known = true; !o.met || o.batch() < batch {
			return true
		}
	}
	return !known
}

// eldest is the node that has lived the longest, but for some.
func (i *in) eldest(but map[Origin]bool) (eldest Origin) {
	i.mu.Lock()
	defer i.mu.Unlock()
	age := int64(-1)
	for from, o := range i.origins {
		if !but[from] && o.met && !o.gone && !o.left && o.age > age {
			eldest, age = from, o.age
		}
	}
	return eldest
}
