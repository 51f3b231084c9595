package client

import (
	"time"

	"halley/bench/hist"
	"halley/bench/plan"
)

// ramp brings subscribers to life, in the order of their numbers.
type ramp struct {
	pace     plan.Pace
	begin    int64
	first    int // subscribers that were started before this stretch
	to       int
	started  int
	underWay int
	took     *hist.Histogram
}

// Ramp starts subscribers until there are to of them, at most rate a second; 0 is as
// fast as the server answers.
func (f *Fleet) Ramp(to int, rate float64) {
	f.do(func() {
		r := &f.ramp
		r.to, r.first, r.begin = min(to, f.config.Subscribers), r.started, f.clock.Now()
		r.pace = plan.Pace{Rate: rate}
	})
}

func (f *Fleet) rampUp(now int64) {
	r := &f.ramp
	for r.started < r.to && r.underWay < f.config.Connecting && f.rampDue() <= now {
		r.started++
		r.underWay++
		f.begin(r.started-1, now)
	}
}

func (f *Fleet) rampDue() int64 {
	return f.ramp.begin + int64(f.ramp.pace.Due(f.ramp.started-f.ramp.first))
}

func (f *Fleet) rampNext(next int64) int64 {
	if f.ramp.started < f.ramp.to && f.ramp.underWay < f.config.Connecting {
		return min(next, f.rampDue())
	}
	return next
}

// rampedUp notes that a subscriber is held for the first time.
func (f *Fleet) rampedUp(s *session, now int64) {
	if s.began == 0 {
		return
	}
	f.ramp.took.Record(now - s.began)
	s.began = 0
	f.ramp.underWay--
	f.tally.Ramped++
	f.series.at(now).Ramped++
}

// Leave closes all connections at once, without a word, as when a network goes away.
func (f *Fleet) Leave() {
	f.do(func() {
		f.ramp.to = f.ramp.started
		f.churn.pace.Count = -1
		f.killing.pace.Rate = 0
		for i := range f.sessions {
			f.unhold(i)
			f.hangUp(i)
			f.sessions[i].phase, f.sessions[i].beatAt = dead, 0
			f.sessions[i].serial++
		}
	})
}

// churn lets clients connect, handshake, subscribe and disconnect over and over.
type churn struct {
	pace   plan.Pace
	begin  int64
	cycles int // started so far
	idle   []int
	took   *hist.Histogram
}

// Churn starts cycles of the churning clients, at most rate a second (0: as fast as the
// server answers) and count in all (0: without end, -1: no more).
func (f *Fleet) Churn(rate float64, count int) {
	f.do(func() {
		c := &f.churn
		if c.idle == nil && c.cycles == 0 {
			for i := range f.config.Churners {
				c.idle = append(c.idle, f.config.Subscribers+f.config.Publishers+i)
			}
		}
		c.pace, c.begin, c.cycles = plan.Pace{Rate: rate, Count: count}, f.clock.Now(), 0
	})
}

func (f *Fleet) churning() bool {
	c := &f.churn
	return c.begin > 0 && len(c.idle) > 0 && (c.pace.Count == 0 || c.cycles < c.pace.Count)
}

func (f *Fleet) churnOn(now int64) {
	c := &f.churn
	for f.churning() && c.begin+int64(c.pace.Due(c.cycles)) <= now {
		i := c.idle[len(c.idle)-1]
		c.idle = c.idle[:len(c.idle)-1]
		c.cycles++
		f.begin(i, now)
	}
}

func (f *Fleet) churnNext(next int64) int64 {
	if f.churning() {
		return min(next, f.churn.begin+int64(f.churn.pace.Due(f.churn.cycles)))
	}
	return next
}

// churnDone ends a cycle, which has failed without the reply to its disconnect.
func (f *Fleet) churnDone(i int, now int64) {
	s := &f.sessions[i]
	if s.phase == leaving && s.failures == 0 {
		f.tally.Churned++
		f.churn.took.Record(now - s.began)
	} else {
		f.tally.ChurnFailed++
	}
	f.hangUp(i)
	*s = session{poll: -1, other: -1, serial: s.serial + 1}
	f.churn.idle = append(f.churn.idle, i)
}

// killing breaks held connections on purpose.
type killing struct {
	pace  plan.Pace
	begin int64
	count int
	next  int
}

// Kill breaks rate held connections a second, alternately by RST and by FIN, until it is
// called with 0. Their subscribers are excused for what gets lost and reconnect at once.
func (f *Fleet) Kill(rate float64) {
	f.do(func() {
		f.killing = killing{pace: plan.Pace{Rate: rate}, begin: f.clock.Now() + int64(time.Second), next: f.killing.next}
	})
}

func (f *Fleet) killSome(now int64) {
	k := &f.killing
	for k.pace.Rate > 0 && k.begin+int64(k.pace.Due(k.count)) <= now {
		k.count++
		f.killOne()
	}
}

func (f *Fleet) killNext(next int64) int64 {
	if k := &f.killing; k.pace.Rate > 0 {
		return min(next, k.begin+int64(k.pace.Due(k.count)))
	}
	return next
}

// killOne breaks the connection of the next held subscriber, if there is one. The stride
// is a prime, so that neighbours, who connected together, are not killed together.
func (f *Fleet) killOne() {
	for range min(f.ramp.started, 64) {
		f.killing.next = (f.killing.next + 7919) % f.ramp.started
		i := f.killing.next
		s := &f.sessions[i]
		if s.phase != holding || s.poll < 0 {
			continue
		}
		if f.killing.count%2 == 0 {
			f.loop.abort(s.poll)
		}
		f.detach(s.poll)
		if !f.habits(i).Wishes.Acknowledge { // else what was on its way comes again
			f.book.Excuse(i)
		}
		f.tally.Killed++
		f.unhold(i)
		f.retryLater(i)
		return
	}
}
