package client

import (
	"halley/bench/plan"
	"halley/bench/wire"
)

type role uint8

const (
	subscriber role = iota
	publisher
	churner
	stalled
)

// kind is how the clients of one kind behave.
type kind struct {
	role   role
	style  wire.Style
	habits Habits // none for clients that are no subscribers
	two    bool   // all but held requests go over a second connection
}

// beside reports whether a request goes over the connection beside the one of the held requests.
func (k *kind) beside(what request) bool { return what == publish || k.two && !what.isHeld() }

// roster says of every session by its index which kind it is: subscribers come first, then
// publishers, churning clients and stalled readers. It is a pure function of the configuration.
type roster struct {
	config                         *Config
	usual, slow, publishes, churns kind
	stalls                         []kind
}

func newRoster(c *Config) *roster {
	of := func(role role, style wire.Style, habits Habits) kind {
		return kind{role: role, style: style, habits: habits, two: style.Connections(c.Connections) == 2}
	}
	unstreamed := c.Style // publishers and slow subscribers have no use for streams
	if unstreamed > wire.CallbackPolling {
		unstreamed = wire.LongPolling
	}
	r := &roster{
		config:    c,
		usual:     of(subscriber, c.Style, c.Habits),
		slow:      of(subscriber, unstreamed, c.SlowHabits),
		publishes: of(publisher, unstreamed, Habits{}),
		churns:    of(churner, c.Style, Habits{}),
	}
	for _, style := range c.Stalled {
		r.stalls = append(r.stalls, of(stalled, style, Habits{}))
	}
	return r
}

// publisher is the session of the n-th publisher, churner that of the n-th churning client.
func (r *roster) publisher(n int) int { return r.config.Subscribers + n }

func (r *roster) churner(n int) int { return r.config.Subscribers + r.config.Publishers + n }

// stalled is the session of the n-th stalled reader.
func (r *roster) stalled(n int) int { return r.churner(r.config.Churners) + n }

// size is the number of sessions.
func (r *roster) size() int { return r.stalled(len(r.stalls)) }

func (r *roster) kind(i int) *kind {
	switch {
	case i < r.publisher(0):
		if r.config.Slow > 0 && plan.Among(r.config.First+i, r.config.Slow, r.config.Total) {
			return &r.slow
		}
		return &r.usual
	case i < r.churner(0):
		return &r.publishes
	case i < r.stalled(0):
		return &r.churns
	}
	return &r.stalls[i-r.stalled(0)]
}

// channels is what session i subscribes to; churning clients share the first channel, a
// stalled reader has those of a subscriber after the last.
func (r *roster) channels(i int) []string {
	if r.kind(i).role == churner {
		return r.config.Names[:1]
	}
	names := make([]string, r.config.Symbols.PerSubscriber())
	for j := range names {
		names[j] = r.config.Names[r.config.Symbols.Follows(r.config.First+i, j)]
	}
	return names
}
