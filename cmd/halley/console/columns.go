// Proved by TestBeats and TestFiguresThatAreNamedExist.

package console

import "halley/cmd/halley/console/samples"

// column is a figure of which the last hour is kept.
type column struct {
	name  string
	value func(change) float64
}

// columns are those of the ring. Rates are by the second, times in milliseconds.
func columns() []column {
	gauge := func(name string) func(change) float64 { return func(c change) float64 { return c.to.values[name] } }
	rate := func(name string) func(change) float64 { return func(c change) float64 { return c.rate(name) } }
	return []column{
		{"connections", gauge("connections")},
		{"sessions", gauge("sessions")},
		{"published", rate("messages_published_total")},
		{"delivered", rate("messages_delivered_total")},
		{"received", rate("messages_received_total")},
		{"bytesIn", rate("received_bytes_total")},
		{"bytesOut", rate("sent_bytes_total")},
		{"busy", change.busiest},
		{"turn", func(c change) float64 { return float64(c.turns(-1).Below(0.99).Microseconds()) / 1000 }},
		{"lag", func(c change) float64 { return float64(c.to.lag().Milliseconds()) }},
		{"queued", gauge("queue_messages")},
		{"memory", gauge("memory_bytes")},
		{"lost", func(c change) float64 { return c.lost() }},
	}
}

// newRing is a ring of the columns.
func newRing() *samples.Ring {
	var names []string
	for _, c := range columns() {
		names = append(names, c.name)
	}
	return samples.New(names...)
}

// byColumn is a value for each column.
func (c change) byColumn() map[string]float64 {
	values := make(map[string]float64)
	for _, col := range columns() {
		values[col.name] = samples.Rounded(col.value(c))
	}
	return values
}

// row is a ring's row.
func (c change) row() (values []float64) {
	for _, col := range columns() {
		values = append(values, col.value(c))
	}
	return values
}
