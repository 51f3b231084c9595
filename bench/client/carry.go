package client

import "time"

// carry does what a step of a session asks for.
func (c *clients) carry(s *session, st step, now int64) {
	c.accounts.enter(int(s.index), &st)
	if st.closes {
		c.abandon(s)
	}
	if st.over {
		c.endCycle(s, now)
		return
	}
	c.noteRamp(s, st.held, now)
	for _, what := range st.asks {
		if what != none {
			c.ask(s, what)
		}
	}
	c.wait(s, st.pause, st.beat)
	if s.kind.role == publisher {
		c.flush(s, now)
	}
}

// noteRamp tells the ramp when a subscriber is held for the first time, or will never be.
func (c *clients) noteRamp(s *session, held int8, now int64) {
	switch {
	case s.began == 0 || s.kind.role != subscriber:
		return
	case held > 0:
		c.ramp.held(now - s.began)
		c.accounts.series.at(now).Ramped++
	case s.phase == dead:
		c.ramp.gaveUp()
	default:
		return
	}
	s.began = 0
}

// wait sets the timers of a step.
func (c *clients) wait(s *session, pause, beat time.Duration) {
	if pause > 0 {
		s.serial++
		c.timers.add(timer{due: c.clock.Now() + int64(pause), session: s.index, serial: s.serial})
	}
	if beat > 0 {
		s.beatAt = c.clock.Now() + int64(beat)
		c.timers.add(timer{due: s.beatAt, session: s.index, beat: true})
	}
}

// abandon closes a session's connections together with a publish that may be under way.
func (c *clients) abandon(s *session) {
	c.hangUp(s)
	if s.kind.role == publisher {
		c.out.lose(c.queue(s))
		c.out.settle(c.queue(s), nil)
	}
}

// endCycle ends a churning client's cycle, which has failed without the reply to its disconnect.
func (c *clients) endCycle(s *session, now int64) {
	c.churn.end(int(s.index), s.phase == leaving && s.failures == 0, now-s.began)
	c.hangUp(s)
	serial := s.serial + 1
	*s = newSession(s.kind, s.index)
	s.serial = serial
}

// answered takes a session on after an answer that arrived in good order.
func (c *clients) answered(s *session, what request, o *outcome, now int64) {
	if what == publish {
		c.out.settle(c.queue(s), o.refused)
	}
	c.held = max(c.held, min(o.advice.Timeout, heldMost)*int64(time.Millisecond))
	c.carry(s, s.answered(what, o), now)
}

// heldMost is the longest that a connect may take, in milliseconds, whatever the server advises.
const heldMost = int64(24 * time.Hour / time.Millisecond)

// failed takes a session up after a request of it came to nothing.
func (c *clients) failed(s *session, what request) {
	now := c.clock.Now()
	if what == publish {
		c.out.fail(c.queue(s), now)
	}
	c.carry(s, s.failed(what), now)
}

// queue is the number of a publisher's line.
func (c *clients) queue(s *session) int { return int(s.index) - c.roster.publisher(0) }

// flush sends what a ready publisher has queued.
func (c *clients) flush(s *session, now int64) {
	if s.clientID == "" && !c.targets.apart() || !c.out.claim(c.queue(s), now) {
		return
	}
	c.refresh(s, now)
	c.ask(s, publish)
}

// refresh drops a publisher's connection that has been idle for so long that the server may
// be about to close it, since a publish that meets that close cannot be repeated.
func (c *clients) refresh(s *session, now int64) {
	const patience = int64(3 * time.Second)
	if s.other < 0 {
		return
	}
	if socket := &c.loop.conns[s.other]; socket.busy == none && now-socket.sentAt > patience {
		c.detach(s.other)
	}
}
