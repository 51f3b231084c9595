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
	"halley/loop/metric"
)

// Source is figures of another part of the program.
type Source struct {
	Of   any        // a pointer to a struct of them, for their names
	Take func() any // likewise, as they are now
}

// Handler serves the metrics of a server, of other parts of the program, and of its process. stats and what the
// parts give are called once for each request.
func Handler(stats func() loop.Stats, parts ...Source) http.Handler {
	registry := prometheus.NewPedanticRegistry()
	for _, part := range append(parts, Source{new(loop.Stats), func() any { s := stats(); return &s }}) {
		registry.MustRegister(newCollector(part))
	}
	registry.MustRegister(
		collectors.NewBuildInfoCollector(),
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

// collector turns the figures of one source into metrics.
type collector struct {
	take  func() any
	descs map[string]*prometheus.Desc // by name
}

func newCollector(from Source) *collector {
	c := &collector{from.Take, make(map[string]*prometheus.Desc)}
	for _, m := range metric.List(from.Of) {
		var labels []string
		if m.Label != "" {
			labels = []string{m.Label}
		}
		c.descs[m.Name] = prometheus.NewDesc("halley_"+m.Name, m.Help, labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.take()
	metric.Each(s, func(m metric.Metric, label string, value float64) {
		kind := prometheus.GaugeValue
		if m.IsCounter() {
			kind = prometheus.CounterValue
		}
		ch <- prometheus.MustNewConstMetric(c.descs[m.Name], kind, value, labels(m, label)...)
	})
	metric.Histograms(s, func(m metric.Metric, label string, h *metric.Histogram) {
		count, below := uint64(0), make(map[float64]uint64)
		for i, bound := range metric.Bounds() {
			count += h.Counts[i]
			below[bound.Seconds()] = count
		}
		ch <- prometheus.MustNewConstHistogram(c.descs[m.Name], h.Total(), h.Sum.Seconds(), below, labels(m, label)...)
	})
}

// labels is the value of a figure's label, if it has one.
func labels(m metric.Metric, value string) []string {
	if m.Label == "" {
		return nil
	}
	return []string{value}
}
