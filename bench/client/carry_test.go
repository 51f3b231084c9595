package client

import (
	"halley/bench/faulty"
	"halley/bench/reconcile"
	"halley/bench/wire"
	"testing"
	"time"
)

// Slow ones pause between the answer to a connect and the next, the others do not.
func TestSlowSubscribersPause(t *testing.T) {
	server := faulty.Start(20*time.Second, faulty.Faults{})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Style, config.Total, config.Slow = wire.WebSocket, 20, 5
	config.SlowHabits = Habits{Pause: time.Hour, Claim: reconcile.Told}
	r := startRig(t, config)
	r.fleet.Ramp(20, 0)
	p := r.until("the others", func(p Progress) bool { return p.Held == 15 && p.Cycles == 20 })
	if p.Open != 20 || p.Faults.Total() != 0 {
		t.Errorf("%+v", p)
	}
}

// With acknowledgements a killed connection is no excuse: what was on its way comes again.
func TestNothingIsExcusedWithAcknowledgements(t *testing.T) {
	server := faulty.Start(200*time.Millisecond, faulty.Faults{})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Habits.Wishes.Acknowledge = true
	r := startRig(t, config)
	r.ramp(20)
	r.fleet.Kill(50)
	r.until("kills", func(p Progress) bool { return p.Killed >= 10 })
	r.fleet.Kill(0)
	r.until("all back", func(p Progress) bool { return p.Held == 20 })
	if c := r.result([]uint32{1}).Counts; c.Lost != 20 || c.Excused != 0 {
		t.Errorf("%+v", c)
	}
}

// A cycle counts as completed only with the reply to its disconnect.
func TestChurnCyclesAreCompletedOrFailed(t *testing.T) {
	for _, step := range []struct {
		phase    phase
		failures uint8
		done     bool
	}{{leaving, 0, true}, {leaving, 1, false}, {subscribing, 0, false}} {
		c := still(t, nil)
		s := &c.sessions[6]
		s.phase, s.failures, s.serial, c.churn.idle = step.phase, step.failures, 8, nil
		c.endCycle(s, 5)
		p := c.progress(5, nil)
		if p.Churned == 1 != step.done || p.ChurnFailed == 0 != step.done || len(c.churn.idle) != 1 || s.phase != absent || s.serial != 9 {
			t.Errorf("%+v: %d completed, %d failed, %v idle, %+v", step, p.Churned, p.ChurnFailed, c.churn.idle, s)
		}
	}
}

// A subscriber leaves the ramp when it is held for the first time, or when it never will be.
func TestTheRampIsToldOnce(t *testing.T) {
	c := still(t, nil)
	c.ramp.underWay = 2
	held, dies := &c.sessions[0], &c.sessions[1]
	held.phase, held.began, dies.phase, dies.began = connecting, 3, handshaking, 3
	for range 2 {
		held.phase = connecting
		c.carry(held, held.hold(), 10)
		c.carry(dies, dies.refused(handshake, &outcome{problem: "no", advice: wire.Advice{Reconnect: wire.None}}), 10)
	}
	p := c.progress(10, nil)
	if p.Ramped != 1 || c.ramp.underWay != 0 || p.Held != 2 || p.Faults.Protocol != 2 || dies.phase != dead {
		t.Errorf("%d ramped, %d under way, %d held, faults %+v", p.Ramped, c.ramp.underWay, p.Held, p.Faults)
	}
}

// Timers of a step: a newer pause makes the older void, a heartbeat has a time of its own.
func TestStepsSetTimers(t *testing.T) {
	c := still(t, nil)
	s := &c.sessions[0]
	c.carry(s, step{pause: time.Hour, beat: time.Minute}, 1)
	c.carry(s, step{pause: time.Second}, 1)
	if len(c.timers.entries) != 3 || s.serial != 2 || s.beatAt == 0 {
		t.Errorf("%+v, serial %d, heartbeat at %d", c.timers.entries, s.serial, s.beatAt)
	}
	s.phase = dead
	c.wakeSessions(never)
	if len(c.timers.entries) != 0 {
		t.Errorf("%+v are left", c.timers.entries)
	}
}
