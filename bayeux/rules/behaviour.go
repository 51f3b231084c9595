// Proved by TestEachOption.

package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"halley/bayeux/history"
)

// Access says who may publish to a channel.
type Access uint8

// Who may publish: whoever has a session, anybody, the server's own side alone, a session whose token
// names the channel, or a back-end whose API key does.
const (
	SessionOnly Access = iota
	Anybody
	ServerOnly
	TokenOnly
	KeyOnly
)

// Reading says who may subscribe to a channel.
type Reading uint8

// Who may subscribe: whoever has a session, nobody, or a session whose token names the channel.
const (
	Open Reading = iota
	Closed
	WithToken
)

// Behaviour is what all rules together make of a channel.
type Behaviour struct {
	Publish   Access
	Subscribe Reading

	// Conflate keeps only the newest pending event of the channel for a session,
	// or of each value of Key, a field of data, if there is one.
	Conflate bool
	Key      string
	// Interval is the least time between two events for a session, in
	// milliseconds; 0 sets none.
	Interval int64
	// Presence has it told who subscribes to the channel.
	Presence bool
	// Lazy is how long an event may wait for company, in milliseconds.
	Lazy int64
	// Snapshot gives the last event to new subscribers.
	Snapshot bool
	// History keeps events for replay, as many as Keep says.
	History bool
	Keep    history.Keep
}

// Remembered tells whether events are kept for those who come later.
func (b Behaviour) Remembered() bool { return b.Snapshot || b.History }

// Sequenced tells whether all subscribers see the channel's events in one order,
// whoever publishes them.
func (b Behaviour) Sequenced() bool { return b.Remembered() || b.Conflate || b.Interval > 0 }

// option changes a behaviour. It takes and returns a value, so that no behaviour has to
// live on the heap.
type option func(Behaviour) Behaviour

const optionHelp = "want publish=, subscribe=, conflate, key=, rate=N/s, lazy=DURATION, presence, snapshot or history=N or DURATION"

// parseOption reads one option of a rule.
func parseOption(text string) (option, error) {
	name, value, valued := strings.Cut(text, "=")
	switch name {
	case "publish":
		return parsePublish(text, value)
	case "subscribe":
		return parseSubscribe(text, value)
	case "rate":
		return parseRate(text, value)
	case "lazy":
		return parseLazy(text, value)
	case "history":
		return parseHistory(text, value)
	case "key":
		if value == "" {
			return nil, fmt.Errorf("option %q: want key= and the name of a field of data", text)
		}
		return func(b Behaviour) Behaviour { b.Key, b.Conflate = value, true; return b }, nil
	}
	switch {
	case valued:
	case name == "conflate":
		return func(b Behaviour) Behaviour { b.Conflate = true; return b }, nil
	case name == "presence":
		return func(b Behaviour) Behaviour { b.Presence = true; return b }, nil
	case name == "snapshot":
		return func(b Behaviour) Behaviour { b.Snapshot = true; return b }, nil
	}
	return nil, fmt.Errorf("unknown option %q: %s", text, optionHelp)
}

func parsePublish(text, value string) (option, error) {
	a, ok := map[string]Access{"any": Anybody, "session": SessionOnly, "internal": ServerOnly, "token": TokenOnly, "key": KeyOnly}[value]
	if !ok {
		return nil, fmt.Errorf("option %q: want publish=any, publish=session, publish=token, publish=key or publish=internal", text)
	}
	return func(b Behaviour) Behaviour { b.Publish = a; return b }, nil
}

func parseSubscribe(text, value string) (option, error) {
	r, ok := map[string]Reading{"any": Open, "token": WithToken, "none": Closed}[value]
	if !ok {
		return nil, fmt.Errorf("option %q: want subscribe=any, subscribe=token or subscribe=none", text)
	}
	return func(b Behaviour) Behaviour { b.Subscribe = r; return b }, nil
}

func parseRate(text, value string) (option, error) {
	number, unit, _ := strings.Cut(value, "/")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || unit != "s" || n < 0.001 || n > 1000 {
		return nil, fmt.Errorf("option %q: want rate=N/s with N between 0.001 and 1000", text)
	}
	return func(b Behaviour) Behaviour { b.Interval = int64(1000/n + 0.5); return b }, nil
}

func parseLazy(text, value string) (option, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 || d > time.Hour {
		return nil, fmt.Errorf("option %q: want a duration such as lazy=2s", text)
	}
	return func(b Behaviour) Behaviour { b.Lazy = d.Milliseconds(); return b }, nil
}

func parseHistory(text, value string) (option, error) {
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return func(b Behaviour) Behaviour { b.History, b.Keep.Events = true, n; return b }, nil
	}
	if d, err := time.ParseDuration(value); err == nil && d > 0 {
		return func(b Behaviour) Behaviour { b.History, b.Keep.Age = true, d.Milliseconds(); return b }, nil
	}
	return nil, fmt.Errorf("option %q: want history=N or a duration such as history=10m", text)
}
