// Proved by TestOthers.

package console

import (
	"time"

	"halley/cmd/halley/console/samples"
)

// Other is another server, or a way to one, as it is now. Its counts are those since the start.
type Other struct {
	Kind    string // of those of the list below
	Name    string
	Up      bool
	In, Out uint64 // messages that came, and that went
	Lost    uint64 // messages that did not, or times that some may not have
	Waiting int64  // messages that wait for it, or of it
	Lag     time.Duration
}

// Kinds of others.
const (
	Upstream = "upstream" // another Bayeux server
	Import   = "import"   // messages of NATS
	Export   = "export"   // messages to NATS
	Node     = "node"     // another node of the cluster
	Stream   = "stream"   // the history of the cluster
)

// otherNow is what a page is told of another.
type otherNow struct {
	Kind    string  `json:"kind"`
	Name    string  `json:"name"`
	Up      bool    `json:"up"`
	In      float64 `json:"in"` // messages a second
	Out     float64 `json:"out"`
	Lost    uint64  `json:"lost"` // since the start
	Losing  bool    `json:"losing"`
	Waiting int64   `json:"waiting"`
	LagMs   int64   `json:"lagMs"`
}

// mostOthers is how many a page is told of. There may be 32 upstreams, 64 feeds of each kind and some hundred nodes.
const mostOthers = 64

// others are all of them as a change shows them.
func (c change) others() []otherNow {
	list := []otherNow{}
	for _, o := range c.to.others[:min(len(c.to.others), mostOthers)] {
		before := c.from.other(o)
		rate := func(from, to uint64) float64 { return samples.Rounded(float64(max(to, from)-from) / c.seconds()) }
		list = append(list, otherNow{
			Kind: o.Kind, Name: o.Name, Up: o.Up, In: rate(before.In, o.In), Out: rate(before.Out, o.Out),
			Lost: o.Lost, Losing: o.Lost > before.Lost, Waiting: o.Waiting, LagMs: o.Lag.Milliseconds(),
		})
	}
	return list
}

// other is what another was at a reading; one that was not there was as it is.
func (r *reading) other(now Other) Other {
	for _, o := range r.others {
		if o.Kind == now.Kind && o.Name == now.Name {
			return o
		}
	}
	return now
}

// absent are the others that are not there.
func (r *reading) absent() (names []string) {
	for _, o := range r.others {
		if !o.Up {
			names = append(names, o.Name)
		}
	}
	return names
}

// losesOthers tells whether messages from or to others are being lost.
func (c change) losesOthers() bool {
	for _, o := range c.to.others {
		if o.Lost > c.from.other(o).Lost {
			return true
		}
	}
	return false
}
