// Proved by TestVerdict.

package console

import "time"

// Levels of health.
const (
	well      = "well"
	attention = "attention"
	bad       = "bad"
)

// health is the one look: how the server does, and why.
type health struct {
	Level   string   `json:"level"`
	Reasons []string `json:"reasons"`
}

// concern is something that deserves attention while a change shows it, and for a while after.
type concern struct {
	is    func(change) bool
	words string
}

// stays is for how long a concern is shown after it was last seen: somebody may look up only then.
const stays = time.Minute

// Bounds of what is usual.
const (
	usualLag    = 500 * time.Millisecond // a tick is late by a turn's length at most
	usualTurn   = 100 * time.Millisecond // 99 % of turns
	manyTurns   = 200                    // of a change: one long turn of few is the host's doing
	usualBusy   = 0.85
	usualFilled = 0.9 // of the connections that there may be
)

// concerns are all of them.
func concerns() []concern {
	grows := func(name string) func(change) bool { return func(c change) bool { return c.rate(name) > 0 } }
	return []concern{
		{grows("panics_total"), "A panic was recovered: a fault of this server"},
		{func(c change) bool { return c.lost() > 0 }, "Messages are being lost"},
		{change.losesOthers, "Messages from or to other servers are being lost"},
		{grows("connections_refused_total"), "Connections are refused: --max-connections is reached"},
		{func(c change) bool {
			return c.to.values["max_connections"] > 0 && c.to.values["connections"] > usualFilled*c.to.values["max_connections"]
		}, "Nearly as many connections as --max-connections allows"},
		{grows("memory_refused_total"), "Publishes and sessions are refused: memory is short"},
		{func(c change) bool { return c.to.lag() > usualLag }, "An event loop is behind"},
		{func(c change) bool {
			all := c.turns(-1)
			return all.Total() >= manyTurns && all.Below(0.99) > usualTurn
		}, "Turns of the event loops are long"},
		{func(c change) bool { return c.busiest() > usualBusy }, "An event loop has little time left"},
		{grows("slow_closed_total"), "Clients that do not read are being closed"},
		{grows("handshakes_damped_total"), "Handshakes of a storm are refused"},
	}
}

// mostAbsent is how many servers that are not there are named.
const mostAbsent = 4

// doctor remembers what was of concern of late.
type doctor struct {
	concerns []concern
	seen     []time.Time // by concern
}

func newDoctor() *doctor {
	all := concerns()
	return &doctor{concerns: all, seen: make([]time.Time, len(all))}
}

// examine notes what a change shows.
func (d *doctor) examine(c change) {
	for i, concern := range d.concerns {
		if concern.is(c) {
			d.seen[i] = c.to.at
		}
	}
}

// verdict is how the server does: bad, while it should be sent no clients.
func (d *doctor) verdict(now *reading, unready []string) health {
	h := health{Level: well, Reasons: append([]string{}, unready...)}
	for i, seen := range d.seen {
		if !seen.IsZero() && now.at.Sub(seen) < stays {
			h.Reasons = append(h.Reasons, d.concerns[i].words)
			h.Level = attention
		}
	}
	for i, name := range now.absent() {
		if i == mostAbsent {
			h.Reasons = append(h.Reasons, "More servers are not connected")
			break
		}
		h.Reasons = append(h.Reasons, "Not connected: "+name)
		h.Level = attention
	}
	if len(unready) > 0 {
		h.Level = bad
	}
	return h
}
