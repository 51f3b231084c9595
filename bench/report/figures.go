// Proved by TestFigures, TestCountsOfWhatWentWrong and TestFiguresOfConflation.

package report

import (
	"halley/bench/cost"
	"halley/bench/hist"
)

// Figure is one number that a run yields.
type Figure struct {
	Group string
	Name  string
	Unit  Unit
	Value float64
	Good  Direction
}

// Direction says which way a figure gets better.
type Direction int8

// The directions.
const (
	Neutral Direction = iota
	Lower
	Higher
)

// Unit says how a figure is written.
type Unit uint8

// The units: Nanos and Bytes are scaled when they are shown.
const (
	Count Unit = iota
	Nanos
	Bytes
	PerSecond
	Percent
)

// NeverCame is the group of what is in the latencies without having arrived.
const NeverCame = "never came, in the latencies with the time waited"

// Figures derives every figure that the run has the data for.
func (r *Run) Figures() []Figure {
	var f figures
	f.counts(r)
	f.latency(r)
	f.rates(r)
	f.server(r)
	f.memory(r)
	f.generator(r)
	f.nodes(r)
	return f.list
}

// Figure returns the value of one figure and whether the run has it.
func (r *Run) Figure(group, name string) (value float64, ok bool) {
	for _, f := range r.Figures() {
		if f.Group == group && f.Name == name {
			return f.Value, true
		}
	}
	return 0, false
}

type figures struct{ list []Figure }

func (f *figures) add(group, name string, unit Unit, value float64, good Direction) {
	f.list = append(f.list, Figure{group, name, unit, value, good})
}

// some adds a count only when there is something to tell.
func (f *figures) some(group, name string, n int64) {
	if n != 0 {
		f.add(group, name, Count, float64(n), Lower)
	}
}

// other does so with a count that is neither good nor bad.
func (f *figures) other(group, name string, n int64) {
	if n != 0 {
		f.add(group, name, Count, float64(n), Neutral)
	}
}

func (f *figures) counts(r *Run) {
	const group = "counts"
	c, p := r.Result.Counts, r.Result.Progress
	if p.Published > 0 {
		f.add(group, "published", Count, float64(p.Published), Neutral)
		f.add(group, "expected deliveries", Count, float64(r.Expected), Neutral)
		f.add(group, "delivered", Count, float64(c.Delivered), Neutral)
		f.add(group, "lost", Count, float64(c.Lost), Lower)
		f.some(group, "lost, excused by a killed connection", c.Excused)
		f.other(group, "conflated away", c.Conflated)
		f.other(group, "dropped, as the server told", c.Dropped)
		f.some(group, "last messages not held", c.Behind)
		f.some(group, "told to be dropped, but arrived", c.Overtold)
		f.some(group, "replayIds and acks that do not rise", c.Misnumbered)
		f.add(group, "duplicates", Count, float64(c.Duplicates), Lower)
		f.add(group, "reordered", Count, float64(c.Reordered), Lower)
		f.add(group, "strays", Count, float64(c.Strays), Lower)
	}
	f.some(group, "publishes refused", p.Refused)
	f.some(group, "publishes without an answer", p.Unknown)
	f.some(group, "churn cycles failed", p.ChurnFailed)
	f.some(group, "connections killed on purpose", p.Killed)
	f.some(group, "sessions renewed", p.Renewed)
	f.other(group, "streams ended and opened anew", p.Rolled)
	f.other(group, "stalled readers", p.Stalled)
	f.other(group, "stalled readers reset by the server", p.Shut)
	f.some(group, "gaps that the server told of", p.Gaps)
	f.some(group, "faults: dial", p.Faults.Dial)
	f.some(group, "faults: closed under a request", p.Faults.Closed)
	f.some(group, "faults: HTTP status", p.Faults.Status)
	f.some(group, "faults: protocol", p.Faults.Protocol)
	f.some(group, "faults: no answer", p.Faults.Timeout)
}

func (f *figures) latency(r *Run) {
	f.percentiles("latency from the plan", r.Result.Latency)
	f.percentiles("conflated: behind the market, when a message came", r.Result.Stale)
	f.some(NeverCame, "messages", r.Result.Censored)
}

func (f *figures) percentiles(group string, h *hist.Histogram) {
	if h == nil || h.Count() == 0 {
		return
	}
	f.add(group, "mean", Nanos, h.Mean(), Lower)
	f.add(group, "p50", Nanos, float64(h.Percentile(50)), Lower)
	f.add(group, "p90", Nanos, float64(h.Percentile(90)), Lower)
	f.add(group, "p99", Nanos, float64(h.Percentile(99)), Lower)
	f.add(group, "p99.9", Nanos, float64(h.Percentile(99.9)), Lower)
	f.add(group, "max", Nanos, float64(h.Max()), Lower)
}

func (f *figures) rates(r *Run) {
	const group = "rates"
	if p := r.phase(PhaseRamp); p != nil {
		f.add(group, "subscribers ramped up", PerSecond, rate(p, p.After.Ramped-p.Before.Ramped), Higher)
		f.add(group, "dial to held, p99", Nanos, float64(r.Result.Ramp.Percentile(99)), Lower)
	}
	if p := r.phase(PhasePublish); p != nil {
		delivered := p.After.Delivered - p.Before.Delivered
		f.add(group, "publishes", PerSecond, rate(p, p.After.Published-p.Before.Published), Higher)
		f.add(group, "deliveries", PerSecond, rate(p, delivered), Higher)
		if delivered > 0 {
			f.add(group, "bytes received per delivery", Bytes, ratio(float64(p.After.Received-p.Before.Received), float64(delivered)), Lower)
		}
	}
	if p := r.churnPhase(); p != nil {
		f.add(group, "churn cycles", PerSecond, rate(p, p.After.Churned-p.Before.Churned), Higher)
		f.add(group, "churn cycle, p50", Nanos, float64(r.Result.Cycle.Percentile(50)), Lower)
		f.add(group, "churn cycle, p99", Nanos, float64(r.Result.Cycle.Percentile(99)), Lower)
	}
}

// churnPhase is the phase in which clients churned, if any did.
func (r *Run) churnPhase() *Phase {
	for _, name := range []string{PhaseChurn, PhasePublish} {
		if p := r.phase(name); p != nil && p.After.Churned > p.Before.Churned {
			return p
		}
	}
	return nil
}

func rate(p *Phase, n int64) float64 { return ratio(float64(n), p.Seconds()) }

func (f *figures) server(r *Run) {
	const group = "server CPU"
	if p := r.measured(PhaseRamp); p != nil {
		f.perEvent(group, "per subscriber ramped up", p, p.After.Ramped-p.Before.Ramped)
	}
	if p := r.measured(PhaseHold); p != nil {
		cpu := cost.CPU(*p.ServerBefore, *p.ServerAfter)
		f.add(group, "while holding, of one core", Percent, 100*ratio(float64(cpu)/1e9, p.Seconds()), Lower)
		f.perEvent(group, "while holding, per poll cycle", p, p.After.Cycles-p.Before.Cycles)
	}
	if p := r.measured(PhasePublish); p != nil {
		f.perEvent(group, "per delivery", p, p.After.Delivered-p.Before.Delivered)
		f.perEvent(group, "per published message", p, p.After.Published-p.Before.Published)
	}
	if p := r.measured(PhaseChurn); p != nil {
		f.perEvent(group, "per churn cycle", p, p.After.Churned-p.Before.Churned)
	}
}

// measured is a phase for which the server was watched, else nil.
func (r *Run) measured(name string) *Phase {
	if p := r.phase(name); p != nil && p.ServerBefore != nil && p.ServerAfter != nil {
		return p
	}
	return nil
}

func (f *figures) perEvent(group, name string, p *Phase, events int64) {
	if events <= 0 {
		return
	}
	f.add(group, name, Nanos, float64(cost.CPU(*p.ServerBefore, *p.ServerAfter))/float64(events), Lower)
	f.add(group, name+", user part", Nanos, float64(cost.UserCPU(*p.ServerBefore, *p.ServerAfter))/float64(events), Lower)
}

func (f *figures) memory(r *Run) {
	const group = memoryGroup
	if len(r.Samples) == 0 {
		return
	}
	first, peak := r.Samples[0], r.Samples[0]
	for _, s := range r.Samples {
		if s.RSS > peak.RSS {
			peak = s
		}
	}
	f.add(group, "RSS before", Bytes, float64(first.RSS), Lower)
	f.add(group, "RSS at its peak", Bytes, float64(peak.RSS), Lower)
	f.steadiness(r)
	if len(r.Steps) > 1 {
		f.slopes(group, r.Steps)
	}
	if p := r.measured(PhaseLeave); p != nil {
		f.add(group, "RSS growth left after the clients had gone", Percent, 100*ratio(float64(p.ServerAfter.RSS-first.RSS), float64(peak.RSS-first.RSS)), Lower)
	}
	last := r.Samples[len(r.Samples)-1]
	for _, s := range r.Steps {
		last = s
	}
	f.add(group, "threads", Count, float64(last.Threads), Lower)
	f.add(group, "descriptors", Count, float64(last.Files), Neutral)
}

func (f *figures) slopes(group string, steps []cost.Sample) {
	for _, s := range []struct {
		name string
		of   func(cost.Sample) int64
	}{
		{"RSS per held subscriber", func(s cost.Sample) int64 { return s.RSS }},
		{"PSS per held subscriber", func(s cost.Sample) int64 { return s.PSS }},
		{"kernel slab per held subscriber, both ends", func(s cost.Sample) int64 { return s.Slab }},
		{"TCP buffers per held subscriber, both ends", func(s cost.Sample) int64 { return s.TCP }},
	} {
		f.add(group, s.name, Bytes, cost.PerSubscriber(steps, s.of), Lower)
	}
}

func (f *figures) generator(r *Run) {
	const group = "generator"
	if r.Result.Lag.Count() > 0 {
		f.add(group, "publish sent after plan, p99", Nanos, float64(r.Result.Lag.Percentile(99)), Lower)
	}
	if p := r.phase(PhasePublish); p != nil && p.After.Delivered > p.Before.Delivered {
		f.add(group, "CPU per delivery", Nanos, r.generatorCPU(p)/float64(p.After.Delivered-p.Before.Delivered), Lower)
		f.add(group, "busy while publishing", Percent, 100*r.generatorBusy(p), Lower)
		if m := r.measured(PhasePublish); m != nil {
			own := r.generatorCPU(m)
			f.add(group, "share of the CPU that both spent", Percent, 100*ratio(own, own+float64(cost.CPU(*m.ServerBefore, *m.ServerAfter))), Lower)
		}
	}
}

func (r *Run) generatorCPU(p *Phase) float64 {
	return float64(p.After.User + p.After.System - p.Before.User - p.Before.System)
}

// generatorBusy is the part of the time between the generator's own reports at the ends
// of the phase in which its loops were not waiting.
func (r *Run) generatorBusy(p *Phase) float64 {
	return ratio(float64(p.After.Busy-p.Before.Busy), float64(p.After.At-p.Before.At)*float64(max(r.Plan.Processes, 1)))
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Judge adds warnings for figures that the generator itself may have spoilt.
func (r *Run) Judge() {
	p := r.phase(PhasePublish)
	if p == nil {
		return
	}
	if busy := r.generatorBusy(p); busy > 0.8 {
		r.warn("the generator was busy %.0f %% of the time: it is the bottleneck, use --procs or fewer deliveries", 100*busy)
	}
	if lag := r.Result.Lag.Percentile(99); lag > 20e6 && r.Plan.Rate > 0 {
		r.warn("messages left up to %s after the plan: the server took publishes too slowly or the generator was late; latencies include it", nanosText(float64(lag)))
	}
	delivered := p.After.Delivered - p.Before.Delivered
	if p.ServerBefore == nil || p.ServerAfter == nil || delivered == 0 {
		return
	}
	if own, theirs := r.generatorCPU(p), float64(cost.CPU(*p.ServerBefore, *p.ServerAfter)); own > theirs {
		r.warn("the generator spent more CPU per delivery (%s) than the server (%s): latencies measure both",
			nanosText(own/float64(delivered)), nanosText(theirs/float64(delivered)))
	}
}
