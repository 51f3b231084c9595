// Package metrics shows what the server counts to Prometheus.
package metrics

import (
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"halley/loop"
)

// Handler serves the metrics of a server and of its process. stats is called
// once for each request.
func Handler(stats func() loop.Stats) http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(
		newCollector(stats),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		all, err := registry.Gather()
		return slices.DeleteFunc(all, ofTheHost), err
	}), promhttp.HandlerOpts{})
}

// ofTheHost tells of a figure that calls itself the process's, but is what all of its
// network namespace has received or sent (/proc/PID/net/netstat): halley_sent_bytes_total
// and its like are its own.
func ofTheHost(f *dto.MetricFamily) bool { return strings.HasPrefix(f.GetName(), "process_network_") }

// metric is a figure of Stats.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*loop.Stats) float64
}

// collector turns one Stats into metrics.
type collector struct {
	stats    func() loop.Stats
	metrics  []metric
	families []family
}

func newCollector(stats func() loop.Stats) *collector {
	c := &collector{stats: stats}
	c.labelled()
	c.gauges()
	c.counters()
	return c
}

func (c *collector) add(kind prometheus.ValueType, name, help string, read func(*loop.Stats) float64) {
	c.metrics = append(c.metrics, metric{prometheus.NewDesc("halley_"+name, help, nil, nil), kind, read})
}

func (c *collector) gauges() {
	gauge := prometheus.GaugeValue
	c.add(gauge, "connections", "Connections open.", func(s *loop.Stats) float64 { return float64(s.Connections) })
	c.add(gauge, "sessions", "Sessions.", func(s *loop.Stats) float64 { return float64(s.Sessions) })
	c.add(gauge, "held_polls", "Connects held.", func(s *loop.Stats) float64 { return float64(s.Held) })
	c.add(gauge, "history_events", "Events remembered for replay and snapshots.", func(s *loop.Stats) float64 { return float64(s.HistoryEvents) })
	c.add(gauge, "history_bytes", "Bytes that they take, about.", func(s *loop.Stats) float64 { return float64(s.HistoryBytes) })
	c.add(gauge, "history_lock_longest_seconds", "The longest time that readers or publishers of channels with a history kept the others waiting.", func(s *loop.Stats) float64 { return s.HistoryLongestHold.Seconds() })
	c.add(gauge, "history_file_failing", "1 while the history file cannot be written.", func(s *loop.Stats) float64 { return float64(s.HistoryFailing) })
	c.add(gauge, "max_memory_bytes", "Memory above which work is refused and what waits is given up.", func(s *loop.Stats) float64 { return float64(s.MaxMemory) })
	c.add(gauge, "uptime_seconds", "Time since the start.", func(s *loop.Stats) float64 { return s.Uptime.Seconds() })
}

func (c *collector) counters() {
	counters := []struct {
		name, help string
		read       func(*loop.Stats) float64
	}{
		{"connections_accepted_total", "Connections accepted.", func(s *loop.Stats) float64 { return float64(s.Accepted) }},
		{"connections_refused_total", "Connections refused above the limit.", func(s *loop.Stats) float64 { return float64(s.Refused) }},
		{"handshakes_total", "Sessions opened.", func(s *loop.Stats) float64 { return float64(s.Handshakes) }},
		{"handshakes_damped_total", "Handshakes refused, since no second connect followed many of their source.", func(s *loop.Stats) float64 { return float64(s.HandshakesDamped) }},
		{"sessions_expired_total", "Sessions that ended without a disconnect.", func(s *loop.Stats) float64 { return float64(s.Expired) }},
		{"batches_yielded_total", "Batches that made way for others and went on in a later turn.", func(s *loop.Stats) float64 { return float64(s.Yields) }},
		{"connects_displaced_total", "Held connects that a second one replaced.", func(s *loop.Stats) float64 { return float64(s.Displaced) }},
		{"requests_total", "Requests of the public listener.", func(s *loop.Stats) float64 { return float64(s.Requests) }},
		{"received_bytes_total", "Bytes read from clients.", func(s *loop.Stats) float64 { return float64(s.BytesIn) }},
		{"sent_bytes_total", "Bytes written to clients.", func(s *loop.Stats) float64 { return float64(s.BytesOut) }},
		{"messages_received_total", "Bayeux messages from clients.", func(s *loop.Stats) float64 { return float64(s.MessagesIn) }},
		{"messages_published_total", "Messages accepted for subscribers, from clients and from back-ends.", func(s *loop.Stats) float64 { return float64(s.Published) }},
		{"messages_delivered_total", "Messages written to subscribers.", func(s *loop.Stats) float64 { return float64(s.Delivered) }},
		{"queue_dropped_total", "Messages lost to full queues.", func(s *loop.Stats) float64 { return float64(s.QueueDropped) }},
		{"messages_bounced_total", "Messages that went back to their queue, since their connection had closed.", func(s *loop.Stats) float64 { return float64(s.Bounced) }},
		{"replies_lost_total", "Replies with messages whose connection died before they were confirmed.", func(s *loop.Stats) float64 { return float64(s.LostInFlight) }},
		{"bayeux_errors_total", "Replies that refused a message.", func(s *loop.Stats) float64 { return float64(s.BayeuxErrors) }},
		{"http_errors_total", "Responses with an error status.", func(s *loop.Stats) float64 { return float64(s.HTTPErrors) }},
		{"origins_refused_total", "Requests of pages that --allow-origin does not admit.", func(s *loop.Stats) float64 { return float64(s.OriginsRefused) }},
		{"frame_errors_total", "Websockets closed for their frames.", func(s *loop.Stats) float64 { return float64(s.FrameErrors) }},
		{"conflated_total", "Events that a newer one took the place of.", func(s *loop.Stats) float64 { return float64(s.Conflated) }},
		{"history_pages_read_total", "Parts of histories read for replays.", func(s *loop.Stats) float64 { return float64(s.HistoryPages) }},
		{"history_events_read_total", "Events in them.", func(s *loop.Stats) float64 { return float64(s.HistoryRead) }},
		{"history_refused_total", "Publishes refused since the history file could not be written.", func(s *loop.Stats) float64 { return float64(s.HistoryRefused) }},
		{"history_rewrites_total", "Times that the history file was written anew.", func(s *loop.Stats) float64 { return float64(s.HistoryRewrites) }},
		{"history_rewrite_errors_total", "Times that this failed.", func(s *loop.Stats) float64 { return float64(s.HistoryRewriteErrors) }},
		{"scan_errors_total", "Bodies that were no batch of messages.", func(s *loop.Stats) float64 { return float64(s.ScanErrors) }},
		{"floods_closed_total", "Connections closed for sending ahead.", func(s *loop.Stats) float64 { return float64(s.Floods) }},
		{"slow_closed_total", "Connections closed for not reading.", func(s *loop.Stats) float64 { return float64(s.SlowClosed) }},
		{"memory_refused_total", "Publishes and sessions refused because memory was short.", func(s *loop.Stats) float64 { return float64(s.MemoryRefused) }},
		{"memory_shed_total", "Events that were given up because memory was short.", func(s *loop.Stats) float64 { return float64(s.MemoryShed) }},
		{"memory_sessions_ended_total", "Sessions with many subscriptions that were ended because memory was short.", func(s *loop.Stats) float64 { return float64(s.MemoryEnded) }},
		{"requests_abandoned_total", "Requests and frames that were not begun, since their client had left.", func(s *loop.Stats) float64 { return float64(s.Abandoned) }},
		{"restarts_total", "New starts of the event loops, which a failing accept ends.", func(s *loop.Stats) float64 { return float64(s.Restarts) }},
		{"panics_total", "Panics recovered: faults of this server.", func(s *loop.Stats) float64 { return float64(s.Panics) }},
	}
	for _, m := range counters {
		c.add(prometheus.CounterValue, m.name, m.help, m.read)
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		ch <- m.desc
	}
	for _, f := range c.families {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.stats()
	for _, m := range c.metrics {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.read(&s))
	}
	for _, f := range c.families {
		f.each(&s, func(label string, value float64) { ch <- prometheus.MustNewConstMetric(f.desc, f.kind, value, label) })
	}
}
