// Proved by TestPlantedFaults and TestWhatMayBe.

package model

import (
	"fmt"
	"slices"
	"time"
)

// judgement compares what a subscriber got of one channel with what was published there.
type judgement struct {
	run        *Run
	subscriber *Subscriber
	channel    string
	exact      bool
	sent       []Publication // by number, which is its place
	faults     []Fault

	arrived map[int]time.Duration
	began   time.Duration  // when its subscriptions came into force, or the first message came
	from    int            // the first number that it must get
	last    map[string]int // the greatest acknowledged number that came, by the node that had taken it
}

func (j *judgement) judge() []Fault {
	j.arrived, j.last, j.from = make(map[int]time.Duration), make(map[string]int), -1
	for _, e := range j.subscriber.Log {
		switch {
		case e.Kind == Began && j.from < 0:
			j.begin(e.At)
		case e.Kind == Got && e.Channel == j.channel:
			j.got(e)
		}
	}
	if began, ok := j.subscriber.Began(); ok && j.from < 0 { // a stream, which has heard of other channels
		j.begin(began)
	}
	if j.from >= 0 {
		j.missing()
	} else if slices.ContainsFunc(j.sent, func(p Publication) bool { return p.Outcome == Acknowledged }) {
		j.fault(0, "nothing came")
	}
	return j.faults
}

func (j *judgement) fault(at time.Duration, format string, args ...any) {
	j.faults = append(j.faults, Fault{j.subscriber.Name, j.channel, at, fmt.Sprintf(format, args...)})
}

// begin excuses what was sent before the subscriptions were in force.
func (j *judgement) begin(at time.Duration) {
	j.began, j.from = at, 0
	for j.from < len(j.sent) && j.sent[j.from].Sent <= at {
		j.from++
	}
}

// got takes one message.
func (j *judgement) got(e Entry) {
	if e.Number < 0 || e.Number >= len(j.sent) {
		j.fault(e.At, "%d came, which nobody has published", e.Number)
		return
	}
	if _, seen := j.arrived[e.Number]; seen {
		if j.exact || !j.run.disturbed(e.At) {
			j.fault(e.At, "%d came twice", e.Number)
		} else {
			j.run.Repeated++
		}
		return
	}
	j.arrived[e.Number] = e.At
	if j.from < 0 { // a stream that does not say when it begins
		j.began, j.from = e.At, e.Number
	}
	switch p := &j.sent[e.Number]; p.Outcome {
	case Refused:
		j.fault(e.At, "%d came, which the server had refused", e.Number)
	case Acknowledged:
		j.inOrder(p, e)
	case Unknown:
	}
}

// disturbed tells whether something was wrong at a time.
func (r *Run) disturbed(at time.Duration) bool {
	return slices.ContainsFunc(r.Disturbed, func(s Span) bool { return at >= s.From && at <= s.To })
}

// inOrder compares a message with those before it: where each is promised with all others, else with those that the same
// node has taken, since a publisher that turns to another node has nothing that orders the two.
func (j *judgement) inOrder(p *Publication, e Entry) {
	node := p.Node
	if j.exact {
		node = ""
	}
	if last, ok := j.last[node]; ok && p.Number < last && p.Number >= j.from {
		j.fault(e.At, "%d came after %d", p.Number, last)
		return
	}
	j.last[node] = p.Number
}

// missing looks at each run of acknowledged messages that never came.
func (j *judgement) missing() {
	since, lost := j.began, []int(nil)
	for n := j.from; n < len(j.sent); n++ {
		at, came := j.arrived[n]
		switch {
		case came:
			j.lost(lost, since, at)
			since, lost = at, nil
		case j.sent[n].Outcome == Acknowledged:
			lost = append(lost, n)
		}
	}
	if len(lost) > 0 { // no later message shows it: whose node is gone is told when it is served again
		j.lost(lost, since, j.run.righted(max(since, j.sent[lost[len(lost)-1]].Answered)))
	}
}

// righted is when that was put right which was wrong at a time or soon after it, the time if nothing was.
func (r *Run) righted(at time.Duration) time.Duration {
	end := at
	for _, s := range r.Disturbed {
		if s.From <= at+r.After && s.To >= at {
			end = max(end, s.To)
		}
	}
	return end
}

// lost judges a run of messages that never came, while those before it came at one time and those after it at another. One of unknown
// outcome may have come before it late: the telling may be as early as the first that is lost.
func (j *judgement) lost(numbers []int, before, after time.Duration) {
	if len(numbers) == 0 {
		return
	}
	first, last := numbers[0], numbers[len(numbers)-1]
	switch {
	case j.exact:
		j.fault(after, "%d acknowledged messages between %d and %d never came", len(numbers), first, last)
	case !j.subscriber.Told(j.channel, min(before, after, j.sent[first].Sent)-j.run.Before, max(before, after)+j.run.After):
		j.fault(after, "%d acknowledged messages between %d and %d never came, and nothing told of it", len(numbers), first, last)
	}
}
