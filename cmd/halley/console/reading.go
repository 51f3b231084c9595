// Proved by TestBeats and TestFiguresThatAreNamedExist.

package console

import (
	"time"

	"halley/loop"
	"halley/loop/metric"
)

// reading is what the server's figures were at one moment.
type reading struct {
	at     time.Time
	stats  loop.Stats
	values map[string]float64 // by name, and by name and label of those that have one
	around Surroundings
}

// read takes a reading.
func read(at time.Time, stats loop.Stats, around Surroundings) *reading {
	r := &reading{at: at, stats: stats, around: around, values: make(map[string]float64, 128)}
	metric.Each(&r.stats, func(m metric.Metric, label string, value float64) {
		r.values[m.Name] += value
		if m.Label != "" {
			r.values[m.Name+" "+label] = value
		}
	})
	return r
}

// change is what lies between two readings.
type change struct{ from, to *reading }

// seconds is how long that is; never nothing.
func (c change) seconds() float64 { return max(0.001, c.to.at.Sub(c.from.at).Seconds()) }

// rate is how much a figure has grown a second.
func (c change) rate(name string) float64 {
	return max(0, c.to.values[name]-c.from.values[name]) / c.seconds()
}

// turns is how long the turns of a loop have been, or of all together with a negative number.
func (c change) turns(loop int) (all metric.Histogram) {
	for i := range c.to.stats.Loops {
		if loop >= 0 && i != loop {
			continue
		}
		h := c.to.stats.Loops[i].Lengths
		if i < len(c.from.stats.Loops) {
			h = h.Since(c.from.stats.Loops[i].Lengths)
		}
		metric.Add(&all, &h)
	}
	return all
}

// busy is the share of its time that a loop has been at work.
func (c change) busy(loop int) float64 {
	before := time.Duration(0)
	if loop < len(c.from.stats.Loops) {
		before = c.from.stats.Loops[loop].Busy
	}
	return min(1, max(0, (c.to.stats.Loops[loop].Busy-before).Seconds()/c.seconds()))
}

// busiest is busy of the loop that has most to do.
func (c change) busiest() (share float64) {
	for i := range c.to.stats.Loops {
		share = max(share, c.busy(i))
	}
	return share
}

// lag is the longest lag of a loop.
func (r *reading) lag() (longest time.Duration) {
	for _, l := range r.stats.Loops {
		longest = max(longest, l.Lag)
	}
	return longest
}
