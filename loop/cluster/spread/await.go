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
	if i.knows(patterns) { // it has come to be so meanwhile, and nobody else may look
		i.awaited.settle(i)
	}
}

// settle lets those go on that have waited for what other nodes know by now, or for too long.
func (a *awaited) settle(i *in) {
	now, known := i.now(), i.known()
	a.mu.Lock()
	var done []waiting
	left := a.list[:0]
	for _, w := range a.list {
		switch batch, subscribed := i.wants.batchOf(w.patterns); {
		case subscribed && batch <= known:
			done = append(done, w)
		case !w.due.After(now):
			i.counts.impatient.Add(1)
			done = append(done, w)
		default:
			left = append(left, w)
		}
	}
	clear(a.list[len(left):])
	a.list = left
	a.mu.Unlock()
	for _, w := range done {
		w.then()
	}
}
