package loop

// Proved by TestPauseBetweenTicks, TestNoTickWhenOutputLeaves, TestTrim and TestUnready.

import (
	"context"
	"time"
)

// ticks wake the loops from time to time, and when they asked to be woken.
type ticks struct {
	shared *shared
	loops  *loops
}

// beat posts a tick to every loop that has run its last one.
func (t *ticks) beat(ctx context.Context) {
	timer := time.NewTimer(tickEvery)
	defer timer.Stop()
	var memory memoryWatch
	var rush rushWatch
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-t.shared.hurried:
		}
		t.shared.memory.look(ctx, t.shared.now())
		t.shared.admission.look(t.loops.latest(), t.shared.now())
		sessions, subscriptions := t.loops.sessions()
		if memory.due(t.shared.connections.Load(), sessions, subscriptions, t.shared.now()) {
			t.loops.trim()
		}
		if rush.due(t.shared.accepted.Load()+t.shared.handshakes.Made(), t.shared.now()) {
			go collectGarbage()
		}
		for _, r := range *t.loops.bound.Load() {
			if r.tickPosted.CompareAndSwap(0, t.shared.now()) && !r.execute(&r.tickTask) {
				r.tickPosted.Store(0) // its engine has ended meanwhile
			}
		}
		timer.Reset(t.pause())
	}
}

// calmTick is the time between two ticks while no loop is in a hurry. Each tick
// wakes every loop, and the runtime's monitor for many times as long as it takes:
// with ticks of 100 ms that alone would be most of what idle polls cost.
const calmTick = 300 * time.Millisecond

// pause is the time until the next tick.
func (t *ticks) pause() time.Duration {
	if t.shared.admission.behind() {
		return tickEvery
	}
	for _, r := range *t.loops.bound.Load() {
		if r.hurry.Load() || t.shared.memory.near.Load() {
			return tickEvery
		}
	}
	return calmTick
}

// help posts tasks for loops that must not post them themselves: a task that
// posts itself again would keep its loop from its sockets for ever.
func (t *ticks) help(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-t.shared.helper:
			p.post()
		}
	}
}
