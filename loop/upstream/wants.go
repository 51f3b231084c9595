package upstream

import (
	"sync"
	"time"

	"halley/bayeux/channel"
)

// wants is what is to be subscribed to upstream: where the patterns of subscribers here meet the routes in, counted by how many
// local patterns want each. It is told of local patterns from any goroutine; the upstream's own goroutine works the changes off.
type wants struct {
	routes [][]byte
	linger time.Duration
	soon   chan struct{} // has one entry when there is something to do

	mu      sync.Mutex
	table   map[string]*want
	changed []*want   // in the order of their changes
	leaving []leaving // nobody wants them, about in the order of their dues
	failed  []*want   // to be tried again, likewise
}

// want is one pattern of the upstream.
type want struct {
	pattern    string
	local      int       // local patterns that want it
	subscribed bool      // upstream, as far as is known
	queued     bool      // in changed
	lingers    bool      // in leaving
	leaves     time.Time // when it is given up, if nobody comes
	again      time.Time // when it is tried again
}

// leaving is a want that is looked at when it is due.
type leaving struct {
	want *want
	due  time.Time
}

// retryAfter is how long after a refusal a subscription is tried again.
const retryAfter = 10 * time.Second

func newWants(routes [][]byte, linger time.Duration) *wants {
	return &wants{routes: routes, linger: linger, soon: make(chan struct{}, 1), table: make(map[string]*want)}
}

// note takes down that a local pattern has got its first subscriber, or lost its last one.
func (w *wants) note(pattern string, on bool) {
	for _, route := range w.routes {
		if both := channel.Meet(route, []byte(pattern)); both != nil && !isOwn(both) {
			w.count(string(both), on)
		}
	}
}

// isOwn tells whether a pattern is of channels that belong to each server alone.
func isOwn(pattern []byte) bool {
	info, err := channel.Check(pattern, channel.Limits{})
	return err != nil || info.Kind != channel.Broadcast
}

func (w *wants) count(pattern string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.table[pattern]
	if e == nil {
		e = &want{pattern: pattern}
		w.table[pattern] = e
	}
	if on {
		e.local++
		e.leaves = time.Time{} // it is looked at again when nobody wants it
	} else {
		e.local--
	}
	if on && e.local == 1 || e.local == 0 {
		w.change(e)
	}
}

// change has a want looked at.
func (w *wants) change(e *want) {
	if e.queued {
		return
	}
	e.queued = true
	w.changed = append(w.changed, e)
	select {
	case w.soon <- struct{}{}:
	default:
	}
}

// next is the next thing to do: to subscribe to a pattern or to leave it. Without any, wait is how long until there may be
// something; 0 is for ever.
func (w *wants) next(now time.Time) (pattern string, subscribe bool, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.leaving) > 0 && !w.leaving[0].due.After(now) {
		e := w.leaving[0].want
		w.leaving = w.leaving[1:]
		switch e.lingers = false; {
		case e.local > 0 || !e.subscribed || e.leaves.IsZero():
		case e.leaves.After(now): // somebody came and went meanwhile
			w.lookLater(e)
		default:
			return e.pattern, false, 0
		}
	}
	for len(w.failed) > 0 && !w.failed[0].again.After(now) {
		e := w.failed[0]
		w.failed, e.again = w.failed[1:], time.Time{}
		w.change(e)
	}
	for len(w.changed) > 0 {
		e := w.changed[0]
		w.changed, e.queued = w.changed[1:], false
		switch {
		case e.local > 0 && !e.subscribed && e.again.IsZero():
			return e.pattern, true, 0
		case e.local == 0 && e.subscribed:
			if e.leaves = now.Add(w.linger); w.linger == 0 {
				return e.pattern, false, 0
			}
			if !e.lingers {
				w.lookLater(e)
			}
		case e.local == 0 && e.again.IsZero():
			delete(w.table, e.pattern)
		}
	}
	return "", false, w.untilDue(now)
}

// lookLater has a want looked at when it is to be left.
func (w *wants) lookLater(e *want) {
	e.lingers = true
	w.leaving = append(w.leaving, leaving{e, e.leaves})
}

func (w *wants) untilDue(now time.Time) (wait time.Duration) {
	if len(w.leaving) > 0 {
		wait = w.leaving[0].due.Sub(now)
	}
	if len(w.failed) > 0 {
		if again := w.failed[0].again.Sub(now); wait == 0 || again < wait {
			wait = again
		}
	}
	return wait
}

// done notes what became of what next has returned.
func (w *wants) done(pattern string, subscribe bool, err error, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.table[pattern]
	switch {
	case e == nil:
	case subscribe && err != nil:
		if e.subscribed = false; e.again.IsZero() {
			e.again = now.Add(retryAfter)
			w.failed = append(w.failed, e)
		}
	default: // a subscription that could not be left ends with its session, or with the next attempt
		e.subscribed, e.again = subscribe, time.Time{}
		w.change(e)
	}
}

// patterns are those that are subscribed to upstream.
func (w *wants) patterns() (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for pattern, e := range w.table {
		if e.subscribed {
			list = append(list, pattern)
		}
	}
	return list
}

// subscribed is how many those are.
func (w *wants) subscribed() (n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.table {
		if e.subscribed {
			n++
		}
	}
	return n
}
