// Proved by TestAwait and TestAwaitSlowNode.

package spread

import (
	"sync"
	"time"
)

// awaited are the subscriptions that clients here wait for: they are answered when all nodes know of them, since what is published
// there after the answer has to come.
type awaited struct {
	mu   sync.Mutex
	list []waiting
}

// waiting is one that waits.
type waiting struct {
	patterns []string
	due      time.Time // when it waits no longer
	then     func()
}

// patience is how long a subscription waits for the slowest node. If that does not answer it is paused, or about to be found gone.
// What it publishes meanwhile may be missing, and is told of.
const patience = time.Second

// Await has then called when what is published on other nodes from now on comes here, if one of the patterns takes it, each of which
// was wanted before: at once, where that is so, or later by another goroutine. It is called after a second in any case. It must not
// wait.
func (s *Spread) Await(patterns []string, then func()) {
	i := s.in
	if i.knows(patterns) {
		then()
		return
	}
	i.awaited.mu.Lock()
	i.awaited.list = append(i.awaited.list, waiting{patterns, i.now().Add(patience), then})
	i.awaited.mu.Unlock()
	i.settleAwaited() // it may have come to be so
}

// settleAwaited lets those go on that have waited for what other nodes know by now, or for too long.
func (i *in) settleAwaited() {
	now := i.now()
	i.awaited.mu.Lock()
	var done []waiting
	left := i.awaited.list[:0]
	for _, a := range i.awaited.list {
		switch {
		case i.knows(a.patterns):
			done = append(done, a)
		case !a.due.After(now):
			i.counts.impatient.Add(1)
			done = append(done, a)
		default:
			left = append(left, a)
		}
	}
	clear(i.awaited.list[len(left):])
	i.awaited.list = left
	i.awaited.mu.Unlock()
	for _, a := range done {
		a.then()
	}
}

// knows tells whether all nodes know that messages of some patterns are wanted here.
func (i *in) knows(patterns []string) bool {
	batch, subscribed := i.wants.batchOf(patterns)
	if !subscribed {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, o := range i.origins {
		if !o.gone && !o.left && o.batch() < batch {
			return false
		}
	}
	return true
}
