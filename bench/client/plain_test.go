package client

import (
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/plan"
	"halley/bench/wire"
)

// startPlain has twenty subscribers without a session at a server.
func startPlain(t *testing.T, style wire.Style, faults faulty.Faults) (*rig, *faulty.Server) {
	t.Helper()
	server := faulty.Start(300*time.Millisecond, faults)
	t.Cleanup(server.Close)
	config := sampleConfig(server.URL())
	config.Style, config.PublishURLs = style, []string{server.PublishURL()}
	config.Path, config.Hello = "/socket?channel=/bench", "hello"
	if style == wire.Polls {
		config.Path = "/poll?channel=/bench"
	}
	r := startRig(t, config)
	r.ramp(20)
	r.until("all of them known to the server", func(Progress) bool { return server.Sessions() == 20 })
	return r, server
}

func eachPlain(t *testing.T, test func(t *testing.T, style wire.Style)) {
	t.Helper()
	for _, style := range []wire.Style{wire.Sockets, wire.Polls} {
		t.Run(style.String(), func(t *testing.T) { test(t, style) })
	}
}

func TestFaultlessRunWithoutSessions(t *testing.T) {
	eachPlain(t, func(t *testing.T, style wire.Style) {
		r, _ := startPlain(t, style, faulty.Faults{Fragment: true})
		res := r.publish(50, 500, 1000)
		if err := res.Counts.Check(1000); err != nil || res.Progress.Faults.Total() != 0 || res.Ramp.Count() != 20 || res.Progress.Open > 22 {
			t.Errorf("%v, %+v", err, res.Progress)
		}
	})
}

func TestLossesWithoutSessionsAreSeen(t *testing.T) {
	eachPlain(t, func(t *testing.T, style wire.Style) {
		r, _ := startPlain(t, style, faulty.Faults{DropEvery: 100})
		if res := r.publish(50, 500, 990); res.Counts.Lost != 10 {
			t.Errorf("%+v", res.Counts)
		}
	})
}

func TestKilledClientsWithoutSessionsComeBack(t *testing.T) {
	eachPlain(t, func(t *testing.T, style wire.Style) {
		r, _ := startPlain(t, style, faulty.Faults{})
		r.fleet.Kill(50)
		r.until("kills", func(p Progress) bool { return p.Killed >= 5 })
		r.fleet.Kill(0)
		if p := r.until("all back", func(p Progress) bool { return p.Held == 20 }); p.Faults.Total() != 0 {
			t.Errorf("%+v", p.Faults)
		}
		r.fleet.Publish(Publication{Pace: plan.Pace{Rate: 100, Count: 1}})
		r.until("the publish", func(p Progress) bool { return p.Published == 1 })
	})
}
