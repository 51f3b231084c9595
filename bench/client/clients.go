package client

import (
	"time"

	"golang.org/x/sys/unix"
)

// clients are the sessions of a process on their sockets. They carry out the steps of the
// sessions, hand on what arrives, and begin and break what the scenarios say is due.
// Everything runs on the loop.
type clients struct {
	clock    Clock
	loop     *reactor
	roster   *roster
	targets  targets
	encoder  encoder
	sessions []session
	timers   timers
	accounts *accounts
	out      *publishing
	ramp     ramp
	churn    churn
	killing  killing
	killed   int64 // connections that were broken on purpose
	timeout  int64 // nanoseconds to wait for a reply
	held     int64 // nanoseconds that a connect may take longer: what servers have advised at most
	lastScan int64
	batch    []byte // scratch for messages to publish
	scratch  []byte // scratch for requests
}

func newClients(config *Config, clock Clock) (*clients, error) {
	r := newRoster(config)
	record := newRecord(config.Publishers > 0, len(config.Names))
	c := &clients{
		clock: clock, roster: r, accounts: newAccounts(r, record), out: newPublishing(config, record),
		ramp: newRamp(config.Connecting), churn: newChurn(r), timeout: int64(config.ReplyTimeout), held: int64(time.Minute),
	}
	var err error
	if c.targets, err = newTargets(config); err != nil {
		return nil, err
	}
	c.encoder = encoder{roster: r, targets: &c.targets, suffixes: config.Suffixes, path: config.Path, hello: config.Hello}
	for i := range r.size() {
		c.sessions = append(c.sessions, newSession(r.kind(i), int32(i)))
	}
	c.loop, err = newReactor(c)
	return c, err
}

// work does what is due by the clock and not by a socket.
func (c *clients) work(now int64) {
	c.wakeSessions(now)
	for i, ok := c.ramp.take(now); ok; i, ok = c.ramp.take(now) {
		c.begin(i, now)
	}
	for i, ok := c.churn.take(now); ok; i, ok = c.churn.take(now) {
		c.begin(i, now)
	}
	for reset, ok := c.killing.take(now); ok; reset, ok = c.killing.take(now) {
		c.kill(reset, now)
	}
	c.publishDue(now)
	if now-c.lastScan >= int64(time.Second) {
		c.lastScan = now
		c.scanForSilence(now)
	}
}

// wake is when there will be work by the clock, but not after next.
func (c *clients) wake(next int64) int64 {
	next = c.churn.wake(c.ramp.wake(c.timers.wake(next)))
	return c.out.wake(c.killing.wake(next))
}

func (c *clients) wakeSessions(now int64) {
	for t, due := c.timers.pop(now); due; t, due = c.timers.pop(now) {
		switch s := &c.sessions[t.session]; {
		case t.beat && s.beatAt == t.due:
			c.ask(s, heartbeat)
		case !t.beat && s.serial == t.serial:
			c.carry(s, s.woken(), c.clock.Now())
		}
	}
}

func (c *clients) begin(i int, now int64) {
	s := &c.sessions[i]
	c.carry(s, s.begin(now), now)
}

// kill breaks the connection of a held subscriber, if there is one.
func (c *clients) kill(reset bool, now int64) {
	s := c.killing.pick(c.sessions[:c.ramp.started])
	if s == nil {
		return
	}
	if reset {
		c.loop.abort(s.poll)
	}
	c.detach(s.poll)
	if !s.kind.habits.Wishes.Acknowledge { // else what was on its way comes again
		c.accounts.book.Excuse(int(s.index))
	}
	c.killed++
	c.carry(s, s.failed(connect), now)
}

// readyPublishers brings publishers to life when they are needed for the first time.
func (c *clients) readyPublishers(now int64) {
	for n := range c.out.lines {
		i := c.roster.publisher(n)
		switch s := &c.sessions[i]; {
		case s.phase != absent:
		case c.targets.apart():
			s.phase = holding
		default:
			c.begin(i, now)
		}
	}
}

// readyStalled brings the readers to life that read nothing once they have subscribed.
func (c *clients) readyStalled(now int64) {
	for i := c.roster.stalled(0); i < len(c.sessions); i++ {
		if c.sessions[i].phase == absent {
			c.begin(i, now)
		}
	}
}

// publishDue queues what is due and sets the idle publishers to work.
func (c *clients) publishDue(now int64) {
	c.out.enqueue(now)
	for n := range c.out.lines {
		c.flush(&c.sessions[c.roster.publisher(n)], now)
	}
}

// leave closes all connections and ends all that goes on.
func (c *clients) leave() {
	c.ramp.stop()
	c.churn.stop()
	c.killing.stop()
	for i := range c.sessions {
		s := &c.sessions[i]
		st := s.unhold()
		c.accounts.enter(int(s.index), &st)
		c.hangUp(s)
		s.phase, s.beatAt = dead, 0
		s.serial++
	}
}

// progress is what there is to report, with how many subscribers have all if it is known
// what was published.
func (c *clients) progress(now int64, final *Ledger) Progress {
	p := c.accounts.tally
	p.Planned, p.Published, p.Pending = c.out.planned, c.out.published, c.out.pending()
	p.Refused, p.Unknown = c.out.refused, c.out.unknown
	p.Ramped, p.Killed = c.ramp.took.Count(), c.killed
	p.Churned, p.ChurnFailed = c.churn.took.Count(), c.churn.failed
	p.Busy = now - c.loop.idle
	if final != nil {
		p.Settled = c.accounts.settled(*final, c.ramp.started)
	}
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &usage) == nil {
		p.User, p.System = usage.Utime.Nano(), usage.Stime.Nano()
	}
	c.accounts.report(&p, now)
	return p
}

// result is everything there is to say at the end, when l has been published in the whole run.
func (c *clients) result(l Ledger, final *Ledger, now int64) Result {
	p := c.progress(now, final)
	r := c.accounts.balance(l, c.ramp.started, now)
	r.Progress = p
	r.Lag, r.Ramp, r.Cycle = c.out.lag.Clone(), c.ramp.took.Clone(), c.churn.took.Clone()
	return r
}
