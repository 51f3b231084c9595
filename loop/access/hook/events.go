package hook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"time"

	"halley/bayeux"
)

// Events tells the program who is there: of sessions and subscriptions that begin and end, and of channels that have
// subscribers or none. What is told goes in batches, one after the other in order, and each again until the program has
// taken it. It has no goroutine while there is nothing to tell.
type Events struct {
	poster   *poster
	timeout  time.Duration
	identity func(claims string) string
	log      *slog.Logger
	server   string // names this run: sessions of another one may have the same names
	room     int
	gather   time.Duration
	flush    chan struct{} // closed when nothing is gathered any more
	ctx      context.Context
	cancel   context.CancelFunc
	done     sync.WaitGroup

	mu      sync.Mutex // guards what follows
	waiting []happening
	bytes   int    // of texts that wait
	lost    uint64 // given up since the last batch that says so
	batch   uint64 // the number of the last one
	working bool
	closed  bool
	figures EventFigures
}

// Events is told as any attendance is.
var _ bayeux.Attendance = (*Events)(nil)

// EventFigures are what is counted of events, see package loop/metric.
type EventFigures struct {
	Told     uint64 `metric:"hook_events_total" help:"Events that --hook-url has taken."`
	GivenUp  uint64 `metric:"hook_events_given_up_total" help:"Events that --hook-url was not told of, since --hook-events-queue waited."`
	Failures uint64 `metric:"hook_events_failures_total" help:"Batches of events that --hook-url did not take; each is sent again."`
	Waiting  int    `metric:"hook_events_waiting" help:"Events that wait for --hook-url to take them."`
}

// happening is one event.
type happening struct {
	kind    kind
	session bayeux.Address
	subject string
	pattern string
	at      int64 // milliseconds since 1970
	count   uint64
}

// kind is what happens.
type kind uint8

const (
	serverBegun kind = iota
	serverEnded
	sessionBegun
	sessionEnded
	subscribed
	unsubscribed
	occupied
	vacated
	givenUp
)

// String is the name of an event.
func (k kind) String() string {
	return [...]string{"server_begun", "server_ended", "session_begun", "session_ended", "subscribed", "unsubscribed",
		"channel_occupied", "channel_vacated", "lost"}[k]
}

// The limits of a batch, and of what waits.
const (
	maxEvents      = 500
	maxEventBytes  = 8 << 20
	happeningBytes = 120 // what one takes beside its texts
	gatherTime     = 100 * time.Millisecond
	firstRetry     = 500 * time.Millisecond
	longestRetry   = 30 * time.Second
	flushRetry     = 50 * time.Millisecond
)

// Events makes the teller of events, which tells as who a client is known. There is nothing to tell before Begin.
func (h *Hook) Events(identity func(claims string) string) *Events {
	e := &Events{
		poster: h.poster, timeout: h.settings.Timeout, identity: identity, log: h.log,
		server: rand.Text(), room: h.settings.EventQueue, gather: gatherTime, flush: make(chan struct{}),
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// Begin tells that the server has begun.
func (e *Events) Begin() { e.add(happening{kind: serverBegun}) }

// Begun tells of a new session.
func (e *Events) Begun(who bayeux.Attendee) { e.of(sessionBegun, who, "") }

// Ended tells of a session's end.
func (e *Events) Ended(who bayeux.Attendee) { e.of(sessionEnded, who, "") }

// Joined tells of a new subscription.
func (e *Events) Joined(who bayeux.Attendee, pattern string) { e.of(subscribed, who, pattern) }

// Left tells of a subscription's end.
func (e *Events) Left(who bayeux.Attendee, pattern string) { e.of(unsubscribed, who, pattern) }

// Channel tells that a channel or pattern has its first subscriber, or has lost its last.
func (e *Events) Channel(pattern string, on bool) {
	if on {
		e.add(happening{kind: occupied, pattern: pattern})
	} else {
		e.add(happening{kind: vacated, pattern: pattern})
	}
}

func (e *Events) of(k kind, who bayeux.Attendee, pattern string) {
	e.add(happening{kind: k, session: who.Session, subject: e.identity(who.Claims), pattern: pattern})
}

// add puts an event behind the others, or gives it up.
func (e *Events) add(h happening) {
	h.at = time.Now().UnixMilli()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return
	case len(e.waiting) >= e.room || e.bytes >= maxEventBytes:
		e.lost++
		e.figures.GivenUp++
	default:
		e.confess(h.at)
		e.push(h)
	}
	if !e.working {
		e.working = true
		e.done.Go(e.work)
	}
}

// confess puts what was given up where it would stand.
func (e *Events) confess(at int64) {
	if e.lost > 0 {
		e.push(happening{kind: givenUp, count: e.lost, at: at})
		e.lost = 0
	}
}

func (e *Events) push(h happening) {
	e.waiting = append(e.waiting, h)
	e.bytes += happeningBytes + len(h.subject) + len(h.pattern)
}

// work tells all that there is.
func (e *Events) work() {
	failed := 0
	for e.pause(e.gather); ; {
		list, number, more := e.take()
		if !more {
			return
		}
		err := e.tell(list, number)
		if err == nil {
			if e.taken(len(list)); failed > 0 {
				e.log.Info("--hook-url takes events again")
			}
			failed = 0
			continue
		}
		if failed++; failed == 1 {
			e.log.Warn("--hook-url does not take events; they wait, and are sent again", "error", err)
		}
		e.failed()
		if e.ctx.Err() != nil {
			return
		}
		e.pause(retryAfter(failed))
	}
}

// retryAfter is how long to wait after so many failures in a row.
func retryAfter(failed int) time.Duration {
	pause := min(firstRetry<<min(failed-1, 10), longestRetry)
	return pause/2 + mathrand.N(pause/2)
}

// pause waits, less long if the rest is to be told at once.
func (e *Events) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return
	case <-e.flush:
	}
	timer.Reset(min(d, flushRetry))
	select {
	case <-timer.C:
	case <-e.ctx.Done():
	}
}

// take is the next batch, which still waits, and its number; or else the work is done.
func (e *Events) take() (list []happening, number uint64, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == 0 {
		e.confess(time.Now().UnixMilli())
	}
	if len(e.waiting) == 0 || e.ctx.Err() != nil {
		e.working, e.waiting = false, nil
		return nil, 0, false
	}
	n := min(len(e.waiting), maxEvents)
	return e.waiting[:n:n], e.batch + 1, true
}

// taken drops the first events.
func (e *Events) taken(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.waiting[:n] {
		e.bytes -= happeningBytes + len(h.subject) + len(h.pattern)
	}
	clear(e.waiting[:n]) // its texts are given back
	e.waiting = e.waiting[n:]
	e.batch++
	e.figures.Told += uint64(n)
}

func (e *Events) failed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.figures.Failures++
}

// told is the body of a batch.
type told struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"`
	Server    string `json:"server"`
	Batch     uint64 `json:"batch"`
	Events    []item `json:"events"`
}

type item struct {
	Event   string `json:"event"`
	At      int64  `json:"at"`
	Session string `json:"session,omitempty"`
	Subject string `json:"subject,omitempty"`
	Pattern string `json:"pattern,omitempty"`
	Count   uint64 `json:"count,omitempty"`
}

// tell posts a batch.
func (e *Events) tell(list []happening, number uint64) error {
	b := told{Version: version, Operation: "events", Server: e.server, Batch: number, Events: make([]item, len(list))}
	for i, h := range list {
		b.Events[i] = item{h.kind.String(), h.at, "", h.subject, h.pattern, h.count}
		if h.kind >= sessionBegun && h.kind <= unsubscribed {
			b.Events[i].Session = h.session.String()
		}
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, e.timeout)
	defer cancel()
	r, err := e.poster.post(ctx, body)
	switch {
	case err != nil:
		return err
	case r.status < http.StatusOK || r.status >= http.StatusMultipleChoices:
		return fmt.Errorf("it answered with status %d", r.status)
	}
	return nil
}

// Close tells that the server ends, and what is still to be told until ctx is done.
func (e *Events) Close(ctx context.Context) {
	e.add(happening{kind: serverEnded})
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	close(e.flush)
	stop := context.AfterFunc(ctx, e.cancel)
	e.done.Wait()
	stop()
	e.cancel()
}

// Figures are what has been counted.
func (e *Events) Figures() EventFigures {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.figures
	f.Waiting = len(e.waiting)
	return f
}
