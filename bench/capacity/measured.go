package capacity

import (
	"time"

	"halley/bench"
	"halley/bench/report"
	"halley/bench/wire"
)

// Measured are the costs of halley as the list of what was measured has them (bench/figures.csv), and, by hand, what its runs do not
// measure: bytes beside the data, a publish of its own, a forwarded poll, and what nodes tell each other, by three nodes of embedded NATS
// at 10,000 messages a second.
func Measured(style wire.Style) (Costs, error) {
	c := Costs{
		Publish: 90 * time.Microsecond, Forward: 40 * time.Microsecond, BusIn: 16400 * time.Nanosecond, BusOut: 12600 * time.Nanosecond, BusWire: 120,
		Stored: 500 * time.Microsecond, Responding: 1,
	}
	delivery, memory := "fanout-events-halley", "memory-events"
	switch c.Wire = 42; style {
	case wire.LongPolling, wire.CallbackPolling:
		c.Wire, delivery, memory = 209, "fanout1-halley", "memory-halley"
	case wire.WebSocket:
		c.Wire, delivery, memory = 34, "fanout-websocket-halley", "memory-websocket"
	}
	const (
		bothEnds  = 2      // of a connection, whose memory in the kernel is measured together
		processes = 6      // that cluster-before adds up
		holding   = 18_000 // polls of the step that measures what they cost
	)
	var share, kernel, before float64
	for name, to := range map[string]*float64{memory: &c.User, "holding": &share, "memory-kernel": &kernel, "cluster-before": &before} {
		var err error
		if *to, err = bench.Figure(name); err != nil {
			return c, err
		}
	}
	c.Kernel, c.Base, c.Held = kernel/bothEnds, before/processes, time.Duration(share/100/holding*float64(time.Second)).Round(10*time.Nanosecond)
	for name, to := range map[string]*time.Duration{delivery: &c.Delivery, "dial-halley": &c.Reconnect} {
		nanos, err := bench.Figure(name)
		if err != nil {
			return c, err
		}
		*to = time.Duration(nanos).Round(100 * time.Nanosecond)
	}
	return c, nil
}

// Learn takes over what a run has measured: of a run of one scenario some of the costs, all with nothing else at work.
func (c *Costs) Learn(r *report.Run) {
	nanos := func(to *time.Duration, group, name string) {
		if v, ok := r.Figure(group, name); ok && v > 0 {
			*to = time.Duration(v)
		}
	}
	number := func(to *float64, group, name string, change func(float64) float64) {
		if v, ok := r.Figure(group, name); ok {
			if v = change(v); v > 0 {
				*to = v
			}
		}
	}
	same := func(v float64) float64 { return v }
	nanos(&c.Delivery, "server CPU", "per delivery")
	nanos(&c.Reconnect, "server CPU", "per subscriber ramped up")
	number(&c.Wire, "rates", "bytes received per delivery", func(v float64) float64 { return v - float64(r.Plan.Size) })
	number(&c.User, "server memory", "RSS per held subscriber", same)
	number(&c.Base, "server memory", "RSS before", func(v float64) float64 { return v / float64(max(r.Plan.Nodes, 1)) })
	slab, _ := r.Figure("server memory", "kernel slab per held subscriber, both ends")
	buffers, _ := r.Figure("server memory", "TCP buffers per held subscriber, both ends")
	if ours := (slab + buffers) / 2; ours > 0 {
		c.Kernel = ours
	}
	if share, ok := r.Figure("server CPU", "while holding, of one core"); ok && r.Plan.Subscribers > 0 {
		c.Held = time.Duration(share / 100 * float64(time.Second) / float64(r.Plan.Subscribers))
	}
}
