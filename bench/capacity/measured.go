package capacity

import (
	"time"

	"halley/bench/report"
	"halley/bench/wire"
)

// Measured are the costs of halley on the machine of the README, two cores of an AMD EPYC, where a delivery's floor is 12 to
// 20 µs of the kernel. What nodes tell each other was measured with three nodes of embedded NATS at 10,000 messages a second.
func Measured(style wire.Style) Costs {
	c := Costs{
		Delivery: 18 * time.Microsecond, Wire: 42, Publish: 90 * time.Microsecond, Reconnect: 112 * time.Microsecond, Held: time.Microsecond, User: 981, Kernel: 5100, Base: 48 << 20,
		Forward: 40 * time.Microsecond, BusIn: 16400 * time.Nanosecond, BusOut: 12600 * time.Nanosecond, BusWire: 120, Stored: 500 * time.Microsecond,
		Responding: 1,
	}
	switch style {
	case wire.LongPolling, wire.CallbackPolling:
		c.Delivery, c.Wire = 23100*time.Nanosecond, 209
	case wire.WebSocket:
		c.Delivery, c.Wire = 15300*time.Nanosecond, 34
	}
	return c
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
