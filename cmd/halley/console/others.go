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

// Fact is a figure of what this server has to do with others.
type Fact struct {
	Name  string
	Form  string // of those of the list below
	Value float64
}

// Forms of facts.
const (
	Count = "count"
	Bytes = "bytes"
	Rate  = "rate" // the value is a count since the start, and what it grows by a second is shown
)

// Surroundings are the other servers that a server knows, and what it has to do with them.
type Surroundings struct {
	Others []Other
	Facts  []Fact
}

// factNow is what a page is told of a fact.
type factNow struct {
	Name  string  `json:"name"`
	Form  string  `json:"form"`
	Value float64 `json:"value"`
}

// facts are all of them as a change shows them.
func (c change) facts() []factNow {
	list := []factNow{}
	for _, f := range c.to.around.Facts {
		now := factNow(f)
		if f.Form == Rate {
			now.Value = samples.Rounded(max(0, f.Value-c.from.fact(f)) / c.seconds())
		}
		list = append(list, now)
	}
	return list
}

// fact is what a fact was at a reading; one that was not there was as it is.
func (r *reading) fact(now Fact) float64 {
	for _, f := range r.around.Facts {
		if f.Name == now.Name {
			return f.Value
		}
	}
	return now.Value
}

// Kinds of others.
const (
	Upstream = "upstream" // another Bayeux server
	Import   = "import"   // messages of NATS
	Export   = "export"   // messages to NATS
	Cluster  = "cluster"  // the cluster that this server is a node of
	Node     = "node"     // another node of it
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
	for _, o := range c.to.around.Others[:min(len(c.to.around.Others), mostOthers)] {
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
	for _, o := range r.around.Others {
		if o.Kind == now.Kind && o.Name == now.Name {
			return o
		}
	}
	return now
}

// absent are the others that are not there.
func (r *reading) absent() (names []string) {
	for _, o := range r.around.Others {
		if !o.Up {
			names = append(names, o.Name)
		}
	}
	return names
}

// losesOthers tells whether messages from or to others are being lost.
func (c change) losesOthers() bool {
	for _, o := range c.to.around.Others {
		if o.Lost > c.from.other(o).Lost {
			return true
		}
	}
	return false
}
