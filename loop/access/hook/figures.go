// Proved by TestQuestions and TestFailures.

package hook

import (
	"sync"
	"time"

	"halley/bayeux"
	"halley/loop/metric"
)

// Figures are what is counted of a hook, see package loop/metric.
type Figures struct {
	Asked    ByOperation      `metric:"hook_questions_total" label:"operation" help:"Questions to --hook-url, by operation; those that a kept answer decides are not among them."`
	Answers  ByRuling         `metric:"hook_answers_total" label:"verdict" help:"Answers of --hook-url, by verdict."`
	Failures ByFailure        `metric:"hook_failures_total" label:"kind" help:"Questions that --hook-url did not answer, or not were sent to it, by kind; --hook-failure decided them."`
	Latency  metric.Histogram `metric:"hook_seconds" help:"From a question to its answer, the time that it waited for a connection included."`
	Hits     uint64           `metric:"hook_cache_hits_total" help:"Questions that a kept answer of --hook-url has decided."`
	Kept     int              `metric:"hook_cache_answers" help:"Answers of --hook-url that are kept."`
	Open     int              `metric:"hook_requests" help:"Questions that are with --hook-url."`
	Waiting  int              `metric:"hook_waiting" help:"Questions that wait for a connection to --hook-url."`
	Shut     bool             `metric:"hook_shut" help:"Whether --hook-url has not answered for so long that it is asked now and then alone."`
}

// ByOperation counts by operation.
type ByOperation [bayeux.OpPublish + 1]uint64

// Label implements metric.Labels.
func (ByOperation) Label(i int) string { return nameOf(bayeux.Operation(i)) }

// ByRuling counts by verdict.
type ByRuling [2]uint64

// Label implements metric.Labels.
func (ByRuling) Label(i int) string { return [...]string{"allow", "deny"}[i] }

// failure is why a question was not answered.
type failure uint8

const (
	timedOut     failure = iota // no answer within the time-out
	unreachable                 // no connection, or one that broke
	badStatus                   // a status other than 200 and 403
	badAnswer                   // what came back is none
	queueFull                   // too many questions wait
	shut                        // it has not answered the last ones
	fault                       // of our own
	failureCount = iota
)

// String names the failure on the metrics page.
func (f failure) String() string {
	return [...]string{"timeout", "connection", "status", "answer", "queue", "shut", "fault"}[f]
}

// ByFailure counts by kind.
type ByFailure [failureCount]uint64

// Label implements metric.Labels.
func (ByFailure) Label(i int) string { return failure(i).String() }

// counts are the Figures that grow.
type counts struct {
	mu   sync.Mutex
	now  Figures
	told [failureCount]time.Time // when it was last logged
}

func (c *counts) asked(o bayeux.Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Asked[o]++
}

func (c *counts) hit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Hits++
}

func (c *counts) answered(r bayeux.Ruling, after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Answers[r]++
	c.now.Latency.Observe(after)
}

// quiet is how long a further failure of a kind is not logged.
const quiet = time.Minute

// failed counts a failure, and tells whether to log it.
func (c *counts) failed(why failure, now time.Time) (tell bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Failures[why]++
	if tell = now.Sub(c.told[why]) >= quiet; tell {
		c.told[why] = now
	}
	return tell
}

func (c *counts) figures() Figures {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}
