package client

import (
	"net"
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// A server that does not know an extension does not get away with silence.
func TestExtensionsAreConfirmed(t *testing.T) {
	for want, wishes := range map[string]wire.Wishes{
		"does not confirm the acknowledge extension": {Acknowledge: true},
		"does not confirm the replay extension":      {Replay: true},
	} {
		server := faulty.Start(time.Second, faulty.Faults{NoExtensions: true})
		config := sampleConfig(server.URL())
		config.Habits.Wishes = wishes
		r := startRig(t, config)
		r.fleet.Ramp(1, 0)
		p := r.until("a refusal", func(p Progress) bool { return p.Faults.Protocol > 0 })
		if p.Held != 0 || !strings.Contains(p.Faults.First, want) {
			t.Errorf("%d held, faults %+v, want %q", p.Held, p.Faults, want)
		}
		server.Close()
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

func TestFinishSaysWhoHasAll(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{EndAfter: 45})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Habits = Habits{Wishes: wire.Wishes{Interval: 100}, Claim: reconcile.Newest}
	r := startRig(t, config)
	r.ramp(20)
	res := r.publish(3, 10, 45) // two for each, and the third for five of them
	r.fleet.Finish(res.Progress.Ledger())
	p := r.until("the five", func(p Progress) bool { return p.Settled > 0 })
	if p.Settled != 5 {
		t.Errorf("%d of 20 have all", p.Settled)
	}
	if res := r.result(p.Sent); res.Counts.Behind != 15 || res.Stale.Count() != 45+15 || res.Censored != 15 || res.Latency.Count() != 0 {
		t.Errorf("%+v, %d late, %d stale", res.Counts, res.Latency.Count(), res.Stale.Count())
	}
}

// A stalled reader subscribes and then reads nothing; the server may reset it.
func TestStalledReaders(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Subscribers = 0
	config.Stalled = []wire.Style{wire.WebSocket, wire.Events, wire.XHRStreaming, wire.EventSource, wire.Iframe, wire.MimeMessageBlock}
	config.Size = 4096
	r := startRig(t, config)
	r.fleet.Stall()
	r.until("the stalled readers", func(p Progress) bool { return p.Stalled == 6 })
	res := r.publish(500, 0, 0)
	if c := res.Counts; c != (reconcile.Counts{}) || res.Progress.Shut != 0 || res.Progress.Received > 100*4096 || res.Progress.Faults.Total() != 0 {
		t.Errorf("%+v, %+v", c, res.Progress)
	}
	r.fleet.Leave()
	r.until("an empty fleet", func(p Progress) bool { return p.Open == 0 })
}

// What the server does to a stalled reader is counted and no fault.
func TestAStalledReaderMayBeReset(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 1024)) // the client's request; without it the test hangs and fails
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}()
	config := sampleConfig("http://" + l.Addr().String() + "/bayeux")
	config.Subscribers, config.Stalled = 0, []wire.Style{wire.Events}
	r := startRig(t, config)
	r.fleet.Stall()
	if p := r.until("the reset", func(p Progress) bool { return p.Shut == 1 }); p.Stalled != 1 || p.Open != 0 || p.Faults.Total() != 0 {
		t.Errorf("%+v", p)
	}
}
