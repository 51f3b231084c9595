// Proved by TestScenarios and TestSoakFailsByItsChurn.

package run

import (
	"fmt"
	"time"

	"halley/bench/client"
	"halley/bench/plan"
	"halley/bench/report"
)

// quiet is how long a run listens on after the last message it waited for, so that a
// double or a stray that trails behind is still seen.
const quiet = 300 * time.Millisecond

// idle holds subscribers on plateaus and then proves with one message that all are alive.
func (s *session) idle() error {
	for _, n := range s.options.Steps {
		if err := s.ramp(min(n, s.options.Subscribers)); err != nil {
			return err
		}
		if err := s.holdFor(s.options.HoldFor); err != nil {
			return err
		}
		if sample := s.meter.sample(true); sample != nil {
			s.record.Steps = append(s.record.Steps, *sample)
		}
	}
	if err := s.publish(1, 0); err != nil {
		return err
	}
	return s.leave()
}

func (s *session) holdFor(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	from := s.meter.clock.Now()
	s.count(fmt.Sprintf("hold %d", s.held), int64(d), func(p client.Progress) int64 { return p.At - from })
	s.meter.begin(report.PhaseHold, s.pool.total())
	err := s.pool.pass(d)
	s.meter.end(s.pool.total())
	return err
}

// leave lets all clients vanish and watches what the server gives back.
func (s *session) leave() error {
	if s.options.After <= 0 {
		return nil
	}
	from := s.meter.clock.Now()
	s.count("after the clients have gone", int64(s.options.After), func(p client.Progress) int64 { return p.At - from })
	s.meter.begin(report.PhaseLeave, s.pool.total())
	if err := s.pool.all(Command{Do: doLeave}); err != nil {
		return err
	}
	err := s.pool.pass(s.options.After)
	s.meter.end(s.pool.total())
	return err
}

// fanout, and ticker, which differs in its channels only: an open loop of messages.
func (s *session) fanout() error {
	if err := s.ramp(s.options.Subscribers); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if s.options.Feed != nil {
		return s.replay()
	}
	return s.publish(s.options.Messages, s.options.Rate)
}

// settle gets the publishers ready and lets the server come to rest.
func (s *session) settle() error {
	if err := s.pool.one(publisher, Command{Do: doPrepare}); err != nil {
		return err
	}
	s.count("settle", 0, nil)
	if err := s.stall(); err != nil {
		return err
	}
	return s.pool.pass(s.options.Settle)
}

// stall brings the readers to life that will read nothing, if there are to be any.
func (s *session) stall() error {
	n := int64(s.options.Asks.Stalled)
	if n == 0 {
		return nil
	}
	if err := s.pool.all(Command{Do: doStall}); err != nil {
		return err
	}
	stalled := func(p client.Progress) int64 { return p.Stalled }
	err := s.pool.await(s.options.Drain+startUp, stalled, func(p client.Progress) bool { return p.Stalled >= n })
	if err == errStalled {
		p := s.pool.total()
		return fmt.Errorf("only %d of %d stalled readers have subscribed; first fault: %s", p.Stalled, n, firstFault(p))
	}
	return err
}

// publish sends n messages and waits until everyone has them or nothing arrives any more.
func (s *session) publish(n int, rate float64) error {
	return s.publishing(n, Command{Do: doPublish, Count: n, Rate: rate, First: s.sent})
}

func (s *session) replay() error {
	return s.publishing(s.layout.ticks, Command{Do: doFeed})
}

func (s *session) publishing(n int, order Command) error {
	before := s.pool.total()
	s.count("publish", int64(n), func(p client.Progress) int64 { return p.Published - before.Published })
	s.meter.begin(report.PhasePublish, before)
	err := s.push(n, order)
	s.meter.end(s.pool.total())
	if err != nil {
		return err
	}
	return s.pool.pass(quiet)
}

// push gives the order to publish n messages and waits for the deliveries. Running into
// the end of patience is no error here: the books will show what is missing.
func (s *session) push(n int, order Command) error {
	s.sent += n
	goal := int64(s.sent)
	if err := s.pool.one(publisher, order); err != nil {
		return err
	}
	patience := s.options.Drain
	if order.Rate > 0 {
		patience += time.Duration(float64(time.Second) / order.Rate)
	}
	err := s.pool.await(patience, arrived, func(p client.Progress) bool {
		return p.Published >= goal && (!s.options.exact() || p.Delivered >= s.expected(p))
	})
	if err == nil && !s.options.exact() {
		err = s.converge()
	}
	if err == errStalled {
		return nil
	}
	return err
}

func arrived(p client.Progress) int64 { return p.Delivered + p.Published + int64(p.Settled) }

// converge waits until all have what they are to get, now that all is published.
func (s *session) converge() error {
	s.count("converge", int64(s.held), func(p client.Progress) int64 { return int64(p.Settled) })
	total := s.pool.total()
	if err := s.pool.all(Command{Do: doFinish, Ledger: total.Ledger()}); err != nil {
		return err
	}
	return s.pool.await(s.options.Drain, arrived, func(p client.Progress) bool { return p.Settled >= s.held })
}

// saturate publishes the next message when the last has reached everyone, for a set
// time or a set number of messages.
func (s *session) saturate() error {
	if err := s.ramp(s.options.Subscribers); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	began := time.Now()
	s.count("saturate", int64(s.options.Messages), func(p client.Progress) int64 { return p.Published })
	s.meter.begin(report.PhasePublish, s.pool.total())
	more := func() bool {
		if s.options.Messages > 0 {
			return s.sent < s.options.Messages
		}
		return time.Since(began) < s.options.Duration
	}
	for more() {
		if err := s.round(); err != nil {
			return err
		}
		if t := s.pool.total(); t.Refused > 0 || t.Published < int64(s.sent) || t.Delivered < s.expected(t) {
			break // the run has failed; to publish on would only measure the patience
		}
	}
	s.meter.end(s.pool.total())
	return s.pool.pass(quiet)
}

// round publishes one message and waits until it has reached everyone.
func (s *session) round() error {
	k := s.layout.symbols.Pick(s.sent)
	for i := range s.pool.links {
		if followers := s.followersIn(i, k); followers > 0 {
			delivered := s.pool.latest[i].Delivered + int64(followers)
			if err := s.pool.one(i, Command{Do: doAwait, Delivered: delivered}); err != nil {
				return err
			}
		}
	}
	return s.push(1, Command{Do: doPublish, Count: 1, First: s.sent})
}

// followersIn is how many subscribers of process i follow symbol k.
func (s *session) followersIn(i, k int) (n int) {
	y := s.layout.symbols
	first := s.pool.first(i)
	return y.Followers(k, first+s.pool.size(i)) - y.Followers(k, first)
}

// churn lets clients come and go for a set time; subscribers, if any, are held meanwhile.
func (s *session) churn() error {
	if err := s.ramp(s.options.Subscribers); err != nil {
		return err
	}
	before := s.pool.total()
	s.count("churn", int64(s.options.Messages), func(p client.Progress) int64 { return cyclesEnded(p) - cyclesEnded(before) })
	s.meter.begin(report.PhaseChurn, before)
	if err := s.startChurn(s.options.Messages); err != nil {
		return err
	}
	err := s.churnUntil(cyclesEnded(before))
	s.meter.end(s.pool.total())
	return err
}

func (s *session) startChurn(cycles int) error {
	for i := range s.pool.links {
		order := Command{Do: doChurn, Rate: s.options.ChurnRate / float64(len(s.pool.links)), Count: cycles}
		if cycles > 0 {
			_, order.Count = plan.Share(cycles, len(s.pool.links), i)
		}
		if cycles > 0 && order.Count == 0 {
			continue
		}
		if err := s.pool.one(i, order); err != nil {
			return err
		}
	}
	return nil
}

// cyclesEnded counts the cycles of churning clients, completed or not.
func cyclesEnded(p client.Progress) int64 { return p.Churned + p.ChurnFailed }

// churnUntil waits for the planned number of cycles, or the planned time when there is none.
func (s *session) churnUntil(before int64) error {
	if n := int64(s.options.Messages); n > 0 {
		err := s.pool.await(s.options.Drain, cyclesEnded, func(p client.Progress) bool { return cyclesEnded(p)-before >= n })
		if err == errStalled {
			return nil // the verdict counts what was completed
		}
		return err
	}
	if err := s.pool.pass(s.options.Duration); err != nil {
		return err
	}
	return s.pool.all(Command{Do: doChurn, Count: -1})
}

// soak is a ticker under churn and killed connections. The killing ends before the
// publishing does, so that the last messages must reach everyone.
func (s *session) soak() error {
	if err := s.ramp(s.options.Subscribers); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.startChurn(0); err != nil {
		return err
	}
	if err := s.pool.all(Command{Do: doKill, Rate: s.options.KillRate / float64(len(s.pool.links))}); err != nil {
		return err
	}
	calm := time.AfterFunc(s.options.Duration*4/5, func() { s.pool.news <- tagged{worker: calmDown} })
	defer calm.Stop()
	if err := s.publish(s.options.Messages, s.options.Rate); err != nil {
		return err
	}
	return s.pool.all(Command{Do: doChurn, Count: -1})
}
