package report

import (
	"strings"
	"testing"

	"halley/bench/cost"
)

// grown is a run over some seconds in which memory grew by 400,000 bytes.
func grown(seconds int64) *Run {
	r := sampleRun()
	p := &r.Phases[2]
	p.To = p.From + seconds*second
	r.Samples = nil
	for i := range int64(400) {
		r.Samples = append(r.Samples, cost.Sample{At: p.From + i*seconds*second/400, RSS: 30<<20 + i*1000 + i%7*100})
	}
	return r
}

// A run that is long enough says whether memory grew, and how sure that is.
func TestGrowthOfMemory(t *testing.T) {
	for seconds, want := range map[int64]bool{10: false, 3600: true} {
		r := grown(seconds)
		growth, ok := r.Figure(memoryGroup, growthName)
		deviation, _ := r.Figure(memoryGroup, growthError)
		if ok != want || ok && (growth < 390e3 || growth > 410e3 || deviation <= 0 || deviation > 5e3) {
			t.Errorf("%d s: %v ± %v, %v", seconds, growth, deviation, ok)
		}
	}
	for _, c := range []struct {
		seconds int64
		limit   float64
		before  string
		want    string
	}{
		{3600, 420e3, "", ""},
		{3600, 300e3, "", "grew by 390.6 KiB ± "},
		{3600, 300e3, "lost 3", "lost 3; the server's memory grew"},
		{10, 300e3, "", "nothing tells"},
	} {
		r := grown(c.seconds)
		r.Fault = c.before
		r.JudgeGrowth(c.limit)
		if (r.Fault == "") != (c.want == "") || !strings.Contains(r.Fault, c.want) {
			t.Errorf("%+v: %q", c, r.Fault)
		}
	}
}
