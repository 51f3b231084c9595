package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"halley/loop"
)

// family is figures of Stats of one kind, told apart by a label.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	each func(s *loop.Stats, show func(label string, value float64))
}

func (c *collector) addFamily(kind prometheus.ValueType, name, label, help string, each func(*loop.Stats, func(string, float64))) {
	c.families = append(c.families, family{prometheus.NewDesc("halley_"+name, help, []string{label}, nil), kind, each})
}

func (c *collector) labelled() {
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	c.addFamily(counter, "parse_errors_total", "kind", "Requests that could not be parsed, by kind.", func(s *loop.Stats, show func(string, float64)) {
		for kind, n := range s.ParseErrors {
			show(kind, float64(n))
		}
	})
	c.addFamily(gauge, "loop_lag_seconds", "loop", "How late the last tick of an event loop ran.", func(s *loop.Stats, show func(string, float64)) {
		for i, lag := range s.LoopLag {
			show(strconv.Itoa(i), lag.Seconds())
		}
	})
	c.addFamily(gauge, "kept_bytes", "owner", "Bytes that clients make the server keep, by owner.", func(s *loop.Stats, show func(string, float64)) {
		show("output", float64(s.Kept.Output))
		show("input", float64(s.Kept.Input))
		show("queues", float64(s.Kept.Queues))
		show("nodes", float64(s.Kept.Nodes))
		show("mailboxes", float64(s.Kept.Mailboxes))
		show("history", float64(s.Kept.History))
		show("subscriptions", float64(s.Kept.Subscriptions))
	})
	for _, f := range []struct {
		kind       prometheus.ValueType
		name, help string
		read       func(*loop.Turns) float64
	}{
		{counter, "loop_busy_seconds_total", "Time that an event loop has been at work.", func(t *loop.Turns) float64 { return t.Busy.Seconds() }},
		{gauge, "loop_longest_turn_seconds", "Longest turn of an event loop since the start: its clients waited.", func(t *loop.Turns) float64 { return t.Longest.Seconds() }},
		{gauge, "loop_longest_turn_messages", "Most messages that one turn has received since the start.", func(t *loop.Turns) float64 { return float64(t.MostMessages) }},
		{gauge, "loop_longest_turn_work", "Most units of work (messages, patterns, deliveries) that one turn has done since the start.", func(t *loop.Turns) float64 { return float64(t.MostWork) }},
	} {
		c.addFamily(f.kind, f.name, "loop", f.help, func(s *loop.Stats, show func(string, float64)) {
			for i := range s.Turns {
				show(strconv.Itoa(i), f.read(&s.Turns[i]))
			}
		})
	}
}
