package metric

import (
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h Histogram
	if h.Below(0.5) != 0 || h.Total() != 0 {
		t.Error("an empty histogram has something")
	}
	for range 98 {
		h.Observe(20 * time.Microsecond)
	}
	h.Observe(4 * time.Millisecond)
	before := h
	h.Observe(time.Minute)
	for _, c := range []struct {
		share float64
		want  time.Duration
	}{{0.5, 50 * time.Microsecond}, {0.99, 5 * time.Millisecond}, {1, time.Second}} {
		if got := h.Below(c.share); got != c.want {
			t.Errorf("%v of them below %v, want %v", c.share, got, c.want)
		}
	}
	if got := h.Since(before); got.Total() != 1 || got.Sum != time.Minute || got.Below(0.5) != time.Second {
		t.Errorf("since then %+v", got)
	}
	if Add(&before, &h); before.Total() != 199 {
		t.Errorf("together %+v", before)
	}
}

// A struct's histograms are visited by their label, and are no figures.
func TestHistograms(t *testing.T) {
	s := struct {
		Loops []struct {
			Turns Histogram `metric:"turn_seconds" help:"Turns."`
		} `label:"loop"`
	}{}
	s.Loops = make([]struct {
		Turns Histogram `metric:"turn_seconds" help:"Turns."`
	}, 2)
	s.Loops[1].Turns.Observe(time.Second)
	totals := map[string]uint64{}
	Histograms(&s, func(m Metric, label string, h *Histogram) { totals[m.Name+m.Label+label] = h.Total() })
	if len(totals) != 2 || totals["turn_secondsloop0"] != 0 || totals["turn_secondsloop1"] != 1 {
		t.Errorf("visited %v", totals)
	}
	Each(&s, func(m Metric, _ string, _ float64) { t.Errorf("%s is a figure", m.Name) })
	if list := List(&s); len(list) != 1 || !list[0].Histogram || list[0].IsCounter() {
		t.Errorf("listed %+v", list)
	}
}
