// Package client holds the subscribers, publishers and churning clients of a run on
// one event loop: no goroutine per connection, one small record per session, one per
// socket. It speaks Bayeux as a browser's client would, over any connection type.
//
// Reading order: session (the protocol of one client, without sockets), roster (who is
// what), clients (the sessions on their sockets), accounts (what arrived), Fleet (what a
// run orders and is told).
package client

import "time"

// Fleet is the clients of one process. Create it with New, run it with Run; the other
// methods may be called from any goroutine and take effect on the loop.
type Fleet struct {
	clients *clients
	clock   Clock
	notify  func(Progress)
	final   *Ledger // once all are published
	goal    goal
	ending  bool
}

// New prepares a fleet. notify is called on the loop, about ten times a second and at
// once when something that a scenario waits for has happened; it must not block.
func New(config Config, clock Clock, notify func(Progress)) (*Fleet, error) {
	config.setDefaults()
	c, err := newClients(&config, clock)
	if err != nil {
		return nil, err
	}
	return &Fleet{clients: c, clock: clock, notify: notify}, nil
}

const progressEvery = int64(100 * time.Millisecond)

// Run drives the clients until Stop. The caller should have locked its OS thread, so
// that the thread's CPU time is the generator's.
func (f *Fleet) Run() error {
	defer f.clients.loop.release()
	nextReport := int64(0)
	for !f.ending {
		now := f.clock.Now()
		if now >= nextReport || f.reached() {
			f.notify(f.clients.progress(now, f.final))
			nextReport = now + progressEvery
		}
		f.clients.work(now)
		patience := time.Duration(f.clients.wake(nextReport) - f.clock.Now())
		if err := f.clients.loop.turn(f.clock, patience); err != nil {
			return err
		}
	}
	return nil
}

// do runs an order on the loop soon.
func (f *Fleet) do(order func()) { f.clients.loop.post(order) }

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
	g, a := f.goal, f.clients.accounts
	if !g.armed || a.tally.Held < g.held || a.book.Delivered() < g.delivered || !f.clients.out.done() {
		return false
	}
	f.goal.armed = false
	return true
}

// Ramp starts subscribers until there are to of them, at most rate a second; 0 is as
// fast as the server answers.
func (f *Fleet) Ramp(to int, rate float64) {
	f.do(func() { f.clients.ramp.start(min(to, f.clients.roster.config.Subscribers), rate, f.clock.Now()) })
}

// Prepare brings the publishers to life before the run needs them.
func (f *Fleet) Prepare() { f.do(func() { f.clients.readyPublishers(f.clock.Now()) }) }

// Publish starts a publication; one that is under way is cut short.
func (f *Fleet) Publish(p Publication) {
	f.do(func() {
		now := f.clock.Now()
		f.clients.out.start(p, now)
		f.clients.readyPublishers(now)
		f.clients.publishDue(now)
	})
}

// Churn starts cycles of the churning clients, at most rate a second (0: as fast as the
// server answers) and count in all (0: without end, -1: no more).
func (f *Fleet) Churn(rate float64, count int) {
	f.do(func() { f.clients.churn.start(rate, count, f.clock.Now()) })
}

// Kill breaks rate held connections a second, alternately by RST and by FIN, until it is
// called with 0. Their subscribers are excused for what gets lost and reconnect at once.
func (f *Fleet) Kill(rate float64) {
	f.do(func() { f.clients.killing.start(rate, f.clock.Now()) })
}

// Stall brings the readers to life that read nothing once they have subscribed.
func (f *Fleet) Stall() { f.do(func() { f.clients.readyStalled(f.clock.Now()) }) }

// Leave closes all connections at once, without a word, as when a network goes away.
func (f *Fleet) Leave() { f.do(f.clients.leave) }

// Finish tells the fleet that all is published: from now on Progress.Settled counts.
func (f *Fleet) Finish(l Ledger) { f.do(func() { f.final = &l }) }

// Result balances the books and hands everything over through the callback on the loop.
func (f *Fleet) Result(l Ledger, done func(Result)) {
	f.do(func() { done(f.clients.result(l, f.final, f.clock.Now())) })
}
