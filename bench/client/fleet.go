// Package client holds the subscribers, publishers and churning clients of a run on
// one event loop: no goroutine per connection, one small record per session, one per
// socket. It speaks Bayeux as a browser's client would, over any connection type.
package client

import (
	"fmt"
	"time"

	"halley/bench/hist"
	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// Config describes the part of a run that one process carries.
type Config struct {
	URL         string // of the Bayeux endpoint
	PublishURL  string // of an HTTP endpoint that takes an array of {channel,data}; empty publishes as a Bayeux client
	Style       wire.Style
	Connections int  // per subscriber: 1, or 2 to hold polls on one and send everything else on the other; some styles know better
	Suffixes    bool // add /handshake, /connect to the path the way CometD's client does

	Symbols     *plan.Symbols `json:"-"` // a worker makes its own
	Names       []string      // channel of each symbol
	First       int           // number of this process's first subscriber in the whole run
	Subscribers int           // at most so many in this process
	Publishers  int           // 0 in processes that do not publish
	Churners    int           // clients that connect, subscribe and disconnect over and over
	Total       int           // subscribers in the whole run
	Slow        int           // how many of Total are slow ones
	Habits      Habits        // of the others
	SlowHabits  Habits
	Stalled     []wire.Style // one further subscriber of each, that reads nothing once it has subscribed

	Run          uint32        // marks this run's payloads
	Size         int           // bytes of data in each message
	Connecting   int           // at most so many subscribers between dial and held; default 64
	ReplyTimeout time.Duration // give up on a reply after this; held connects get a minute more; default 20 s
	Sources      int           // source addresses on loopback; default 250
}

func (c *Config) setDefaults() {
	c.Connections = min(max(c.Connections, 1), 2)
	if c.Connecting <= 0 {
		c.Connecting = 64
	}
	if c.ReplyTimeout <= 0 {
		c.ReplyTimeout = 20 * time.Second
	}
	if c.Sources <= 0 {
		c.Sources = 250
	}
}

// Fleet is the clients of one process. Create it with New, run it with Run; the other
// methods may be called from any goroutine and take effect on the loop.
type Fleet struct {
	config   Config
	clock    Clock
	loop     *reactor
	bayeux   target
	internal target // of PublishURL

	none     Habits // of clients that are no subscribers
	sessions []session
	symbolOf map[string]int
	timers   timers
	book     *reconcile.Book
	ramp     ramp
	churn    churn
	out      publishing
	killing  killing
	tally    Progress
	latency  *hist.Histogram
	stale    *hist.Histogram
	final    *Ledger // once all are published
	series   series
	notify   func(Progress)
	goal     goal
	ending   bool
	lastScan int64
	body     []byte // scratch for message bodies
	scratch  []byte // scratch for requests
}

// target is a server that requests go to.
type target struct {
	endpoint wire.Endpoint
	address  address
}

func newTarget(url string, sources int) (target, error) {
	endpoint, err := wire.ParseEndpoint(url)
	if err != nil {
		return target{}, err
	}
	a, err := resolve(endpoint.Host, sources)
	return target{endpoint, a}, err
}

// New prepares a fleet. notify is called on the loop, about ten times a second and at
// once when something that a scenario waits for has happened; it must not block.
func New(config Config, clock Clock, notify func(Progress)) (*Fleet, error) {
	config.setDefaults()
	f := &Fleet{config: config, clock: clock, notify: notify, latency: hist.New(), stale: hist.New(), symbolOf: map[string]int{}}
	var err error
	if f.bayeux, err = newTarget(config.URL, config.Sources); err != nil {
		return nil, err
	}
	if config.PublishURL != "" {
		if f.internal, err = newTarget(config.PublishURL, 0); err != nil {
			return nil, fmt.Errorf("publish URL: %w", err)
		}
	}
	for k, name := range config.Names {
		f.symbolOf[name] = k
	}
	f.book = reconcile.NewBook(config.Subscribers, config.Symbols.PerSubscriber())
	f.sessions = make([]session, config.Subscribers+config.Publishers+config.Churners+len(config.Stalled))
	for i := range f.sessions {
		f.sessions[i].poll, f.sessions[i].other = -1, -1
	}
	for i := range config.Subscribers {
		f.book.Grant(i, f.habits(i).Claim)
	}
	f.ramp.took, f.churn.took = hist.New(), hist.New()
	f.out.init(config.Publishers, len(config.Names))
	f.loop, err = newReactor(f)
	return f, err
}

const (
	progressEvery = 100 * time.Millisecond
	scanEvery     = int64(time.Second)
)

// Run drives the clients until Stop. The caller should have locked its OS thread, so
// that the thread's CPU time is the generator's.
func (f *Fleet) Run() error {
	defer f.loop.release()
	nextReport := int64(0)
	for !f.ending {
		now := f.clock.Now()
		if now >= nextReport || f.reached() {
			f.report(now)
			nextReport = now + int64(progressEvery)
		}
		f.work(now)
		if err := f.loop.turn(f.clock, f.patience(nextReport)); err != nil {
			return err
		}
	}
	return nil
}

// work does what is due by the clock and not by a socket.
func (f *Fleet) work(now int64) {
	for {
		t, due := f.timers.pop(now)
		if !due {
			break
		}
		switch s := &f.sessions[t.session]; {
		case t.beat && s.beatAt == t.due:
			f.ask(int(t.session), heartbeat)
		case !t.beat && s.serial == t.serial:
			f.wakeUp(int(t.session))
		}
	}
	f.rampUp(now)
	f.churnOn(now)
	f.killSome(now)
	f.publishDue(now)
	if now-f.lastScan >= scanEvery {
		f.lastScan = now
		f.scanForSilence(now)
	}
}

// patience is how long the loop may sleep.
func (f *Fleet) patience(nextReport int64) time.Duration {
	next := nextReport
	next = min(next, f.timers.next(next), f.rampNext(next), f.churnNext(next), f.killNext(next), f.publishNext(next))
	return time.Duration(next - f.clock.Now())
}

func (f *Fleet) do(action func()) { f.loop.post(action) }

// Stop ends Run soon. All sockets are closed.
func (f *Fleet) Stop() { f.do(func() { f.ending = true }) }

// Await makes the fleet report at once when as many subscribers are held and as many
// deliveries have been counted, and everything that was to be published has gone out.
func (f *Fleet) Await(held int, delivered int64) {
	f.do(func() { f.goal = goal{held: held, delivered: delivered, armed: true} })
}

type goal struct {
	held      int
	delivered int64
	armed     bool
}

func (f *Fleet) reached() bool {
	g := f.goal
	if !g.armed || f.tally.Held < g.held || f.book.Delivered() < g.delivered || !f.out.done() {
		return false
	}
	f.goal.armed = false
	return true
}
