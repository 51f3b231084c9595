package spread

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/channel"
)

// wants are the patterns that somebody here wants messages of, counted. They are told of these from any goroutine, which must not
// wait; one goroutine works the changes off, with the subscriptions of the wire.
type wants struct {
	subscriptions *subscriptions // of that goroutine
	linger        time.Duration
	now           func() time.Time
	soon          chan struct{} // has one entry when there is something to do
	wildcards     atomic.Int64  // patterns in table with one

	mu      sync.Mutex
	table   map[string]*want
	changed []*want   // in the order of their changes
	leaving []leaving // nobody wants them, about in the order of their dues
	batch   uint64    // of the subscriptions made last
	begun   []begun   // when the last batches were subscribed to
}

// want is one pattern.
type want struct {
	pattern string
	wanted  int       // by so many
	batch   uint64    // of its subscription; 0: none
	noted   time.Time // when the first has wanted it
	queued  bool      // in changed
	leaves  time.Time // when it is given up, if nobody comes; zero: it is not in leaving

	subscription // of the goroutine that works
}

// wildcards is 1 if the pattern has one.
func (e *want) wildcards() int64 {
	if channel.IsWildcard([]byte(e.pattern)) {
		return 1
	}
	return 0
}

// leaving is a want that is looked at when it is due.
type leaving struct {
	want *want
	due  time.Time
}

// begun is when a batch was subscribed to.
type begun struct {
	batch uint64
	at    time.Time // when the first of its patterns was wanted
}

// mostBegun is of how many batches it is remembered when they were subscribed to.
const mostBegun = 256

func newWants(s *subscriptions, linger time.Duration, now func() time.Time) *wants {
	return &wants{subscriptions: s, linger: linger, now: now, soon: make(chan struct{}, 1), table: make(map[string]*want)}
}

// note takes down that one more wants a pattern, or one less.
func (w *wants) note(pattern string, on bool) {
	if isOwn(pattern) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.table[pattern]
	if e == nil {
		e = &want{pattern: pattern, noted: w.now()}
		w.table[pattern] = e
		w.wildcards.Add(e.wildcards())
	}
	if on {
		e.wanted++
	} else {
		e.wanted--
	}
	if on && e.wanted == 1 || e.wanted == 0 {
		w.change(e)
	}
}

// change has a want looked at.
func (w *wants) change(e *want) {
	if !e.queued {
		e.queued = true
		w.changed = append(w.changed, e)
	}
	select {
	case w.soon <- struct{}{}:
	default:
	}
}

// mostAtOnce is how many changes are made before what has become of them is noted.
const mostAtOnce = 256

// worked is what a call of work has done.
type worked struct {
	batch  uint64        // of what was subscribed to; 0: nothing was
	late   []string      // patterns of that which could not be subscribed to before
	failed error         // why some cannot be now; they are tried again
	wait   time.Duration // until there may be more to do; 0: for ever
}

// work makes the changes that are due, some at once.
func (w *wants) work(now time.Time) (done worked) {
	w.subscriptions.at(now)
	for _, e := range w.takeLeaving(now) {
		w.subscriptions.end(e)
	}
	fresh, failed := []*want(nil), []*want(nil)
	for _, e := range w.takeChanged(now) {
		if err := w.subscriptions.begin(e); err != nil {
			done.failed, e.failed = err, true
			failed = append(failed, e)
			continue
		}
		if fresh = append(fresh, e); e.failed {
			done.late, e.failed = append(done.late, e.pattern), false
		}
	}
	w.finish(&done, fresh, failed, now)
	if next := w.subscriptions.at(now); !next.IsZero() {
		if wait := max(1, next.Sub(now)); done.wait == 0 || wait < done.wait {
			done.wait = wait
		}
	}
	return done
}

// takeLeaving takes the wants that nobody has come back for.
func (w *wants) takeLeaving(now time.Time) (list []*want) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.leaving) > 0 && !w.leaving[0].due.After(now) {
		e := w.leaving[0].want
		w.leaving = w.leaving[1:]
		due := e.leaves
		e.leaves = time.Time{}
		switch {
		case e.wanted > 0 || e.queued:
		case due.After(now): // somebody came and went meanwhile
			w.lookLater(e, due)
		default:
			delete(w.table, e.pattern)
			w.wildcards.Add(-e.wildcards())
			list = append(list, e)
		}
	}
	return list
}

// takeChanged takes some wants that are to be subscribed to.
func (w *wants) takeChanged(now time.Time) (list []*want) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.changed), mostAtOnce)
	for _, e := range w.changed[:n] {
		if e.queued = false; e.wanted == 0 {
			w.lookLater(e, now.Add(w.linger))
		} else if e.batch == 0 {
			list = append(list, e)
		}
	}
	w.changed = w.changed[n:]
	return list
}

// lookLater has a want looked at when it is to be left.
func (w *wants) lookLater(e *want, due time.Time) {
	if e.leaves.IsZero() {
		w.leaving = append(w.leaving, leaving{e, due})
	}
	e.leaves = due
}

// retryAfter is how long after a failure a subscription is tried again.
const retryAfter = time.Second

// finish notes what has become of subscriptions.
func (w *wants) finish(done *worked, fresh, failed []*want, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(fresh) > 0 {
		w.batch++
		done.batch = w.batch
		if len(w.begun) == mostBegun {
			w.begun = append(w.begun[:0], w.begun[1:]...)
		}
		first := now
		for _, e := range fresh {
			if e.batch = w.batch; e.noted.Before(first) {
				first = e.noted
			}
		}
		w.begun = append(w.begun, begun{w.batch, first})
	}
	busy := len(w.changed) > 0
	for _, e := range failed {
		if !e.queued { // nobody is woken for it
			e.queued = true
			w.changed = append(w.changed, e)
		}
	}
	switch {
	case busy:
		done.wait = 1
	case len(failed) > 0:
		done.wait = retryAfter
	case len(w.leaving) > 0:
		done.wait = max(1, w.leaving[0].due.Sub(now))
	}
}

// before is the last batch that was subscribed to before a time, as far as it is remembered.
func (w *wants) before(at time.Time) (batch uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.begun {
		if b.at.Before(at) {
			batch = b.batch
		}
	}
	return batch
}

// last is the batch of the subscriptions made last.
func (w *wants) last() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.batch
}

// batchOf is the batch of the last of some patterns to be subscribed to, of those that other nodes have any messages of; subscribed
// is false if one of them is not yet.
func (w *wants) batchOf(patterns []string) (batch uint64, subscribed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range patterns {
		if isOwn(p) {
			continue
		}
		e := w.table[p]
		if e == nil || e.batch == 0 {
			return 0, false
		}
		batch = max(batch, e.batch)
	}
	return batch, true
}

// begunAt is when a batch was subscribed to: long ago, if that is not remembered.
func (w *wants) begunAt(batch uint64) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.begun {
		if b.batch == batch {
			return b.at
		}
	}
	return w.now().Add(-time.Hour)
}

// patternsOf visits the patterns of the batches above one and up to another.
func (w *wants) patternsOf(above, upto uint64, visit func(pattern string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.table {
		if e.batch > above && e.batch <= upto {
			visit(e.pattern)
		}
	}
}

// since is the number above which the messages that an origin publishes to a channel have to come here: those of any origin if it
// is nil. It is never if nobody wants them.
func (w *wants) since(name string, o *origin) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := append(make([]byte, 0, 512), name...)
	least := w.sinceOf(key, o)
	wildcards := channel.WildcardsOf(key)
	for pattern, more := wildcards.Append(key[:0]); more && least > 0; pattern, more = wildcards.Append(key[:0]) {
		least = min(least, w.sinceOf(pattern, o))
	}
	return least
}

func (w *wants) sinceOf(pattern []byte, o *origin) uint64 {
	switch e := w.table[string(pattern)]; {
	case e == nil || e.batch == 0:
		return never
	case o == nil:
		return 0
	default:
		return o.since(e.batch)
	}
}

// isOwn tells whether a channel or pattern is of those that belong to each node alone: who is on a channel each node tells of its own
// sessions.
func isOwn(pattern string) bool {
	rest, presence := strings.CutPrefix(pattern, channel.Presence)
	return presence && strings.HasPrefix(rest, "/") || strings.HasPrefix(pattern, "/meta/") || strings.HasPrefix(pattern, "/service/")
}
