package client

import (
	"fmt"
	"time"

	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// Habits are what subscribers of one kind ask for, and what they are to get.
type Habits struct {
	Wishes wire.Wishes
	Claim  reconcile.Claim
	Pause  time.Duration // between the answer to a connect and the next
}

type role uint8

const (
	subscriber role = iota
	publisher
	churner
	stalled
)

func (f *Fleet) role(i int) role {
	switch {
	case i < f.config.Subscribers:
		return subscriber
	case i < f.config.Subscribers+f.config.Publishers:
		return publisher
	case i < len(f.sessions)-len(f.config.Stalled):
		return churner
	}
	return stalled
}

// style is how session i speaks. Publishers and slow subscribers have no use for streams.
func (f *Fleet) style(i int) wire.Style {
	switch role := f.role(i); {
	case role == stalled:
		return f.config.Stalled[i-len(f.sessions)+len(f.config.Stalled)]
	case (role == publisher || f.isSlow(i)) && f.config.Style > wire.CallbackPolling:
		return wire.LongPolling
	}
	return f.config.Style
}

// isSlow reports whether a session is one of the slow subscribers, who use long-polling
// whatever the others use.
func (f *Fleet) isSlow(i int) bool {
	return f.config.Slow > 0 && f.role(i) == subscriber && plan.Among(f.config.First+i, f.config.Slow, f.config.Total)
}

// habits are those of session i; clients that are no subscribers have none.
func (f *Fleet) habits(i int) *Habits {
	switch {
	case f.role(i) != subscriber:
		return &f.none
	case f.isSlow(i):
		return &f.config.SlowHabits
	}
	return &f.config.Habits
}

// confirm looks whether the answer to a handshake confirms what was asked for.
func (o *outcome) confirm(w wire.Wishes) {
	if !o.successful {
		return
	}
	if w.Acknowledge && !o.ext.Acknowledges {
		o.successful, o.problem = false, "the server does not confirm the acknowledge extension"
	}
	if w.Replay && !o.ext.Replays {
		o.successful, o.problem = false, fmt.Sprintf("%s; the server does not confirm the replay extension", o.problem)
	}
}

// acknowledge takes the number of a connect reply, which must be above the one before.
func (f *Fleet) acknowledge(i int, ack int64) {
	s := &f.sessions[i]
	if ack <= s.ack {
		f.book.Misnumbered()
		return
	}
	s.ack = ack
}

// Stall brings the readers to life that read nothing once they have subscribed.
func (f *Fleet) Stall() {
	f.do(func() {
		for i := len(f.sessions) - len(f.config.Stalled); i < len(f.sessions); i++ {
			if f.sessions[i].phase == absent {
				f.begin(i, f.clock.Now())
			}
		}
	})
}

// stall ends the reading when the last request of such a reader is on its way: the
// stream's, or the connect after which a websocket is pushed to.
func (f *Fleet) stall(fd int) {
	if len(f.config.Stalled) == 0 {
		return
	}
	c := &f.loop.conns[fd]
	last := c.busy == stream || c.busy == firstConnect && c.stream != nil
	if f.role(int(c.owner)) != stalled || !last {
		return
	}
	c.busy = none
	f.sessions[c.owner].phase = dead
	f.loop.mute(fd)
	f.tally.Stalled++
}
