package capacity

import (
	"math"
	"testing"
	"time"

	"halley/bench"
	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/hist"
	"halley/bench/report"
	"halley/bench/wire"
)

// A record teaches what its run has measured, and leaves the rest.
func TestLearning(t *testing.T) {
	at := func(cpu, rss int64, held int) *cost.Sample {
		return &cost.Sample{Exec: cpu, RSS: rss, Held: held, Slab: int64(held) * 8000}
	}
	r := &report.Run{
		Plan:   report.Plan{Subscribers: 100, Size: 128, Nodes: 2},
		Result: &client.Result{Latency: hist.New(), Lag: hist.New(), Ramp: hist.New(), Cycle: hist.New()},
		Phases: []report.Phase{
			{Name: report.PhaseRamp, To: 1e9, After: client.Progress{Ramped: 100}, ServerBefore: at(0, 0, 0), ServerAfter: at(9e6, 0, 0)},
			{Name: report.PhaseHold, To: 1e9, ServerBefore: at(0, 0, 0), ServerAfter: at(500e3, 0, 0)},
			{Name: report.PhasePublish, To: 1e9, After: client.Progress{Delivered: 1000, Received: 200_000}, ServerBefore: at(0, 0, 0), ServerAfter: at(30e6, 0, 0)},
		},
		Samples: []cost.Sample{*at(0, 50e6, 0)},
		Steps:   []cost.Sample{*at(0, 50e6, 0), *at(0, 50e6+100*1500, 100)},
	}
	c := measured(t, wire.WebSocket)
	c.Learn(r)
	want := measured(t, wire.WebSocket)
	want.Delivery, want.Reconnect, want.Held = 30*time.Microsecond, 90*time.Microsecond, 5*time.Microsecond
	want.Wire, want.User, want.Kernel, want.Base = 72, 1500, 4000, 25e6
	if c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	c.Learn(&report.Run{Result: r.Result})
	if c != want {
		t.Errorf("%+v of a run that measured nothing", c)
	}
}

func measured(t *testing.T, style wire.Style) Costs {
	t.Helper()
	c, err := Measured(style)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func figure(t *testing.T, name string) float64 {
	t.Helper()
	v, err := bench.Figure(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What the list has is taken from there, and what only stands here is there too.
func TestMeasured(t *testing.T) {
	polls, sockets, streams := measured(t, wire.LongPolling), measured(t, wire.WebSocket), measured(t, wire.Events)
	if polls.Delivery <= streams.Delivery || streams.Delivery <= sockets.Delivery || polls.Wire <= streams.Wire || polls != measured(t, wire.CallbackPolling) {
		t.Errorf("%+v %+v %+v", polls, streams, sockets)
	}
	if polls.User != figure(t, "memory-halley") || streams.User != figure(t, "memory-events") || 2*polls.Kernel != figure(t, "memory-kernel") ||
		math.Abs(float64(polls.Delivery)-figure(t, "fanout1-halley")) > 50 || polls.Held <= 0 || polls.Base <= 0 || polls.Publish <= 0 {
		t.Errorf("%+v is not what was measured", polls)
	}
}
