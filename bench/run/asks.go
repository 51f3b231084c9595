package run

import (
	"fmt"
	"strings"
	"time"

	"halley/bench/client"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// Asks say what subscribers ask for beside every message at once, how fast some of them
// take it, and what the server does of itself.
type Asks struct {
	Interval     time.Duration // at most one message of a channel in so long, by ext.conflate
	Conflated    string        // whom the server conflates for by itself: ConflatedNone, ConflatedSlow or ConflatedAll
	Replay       bool          // replayIds, by ext.replay
	Acknowledge  bool          // acknowledgements, by ext.ack
	Slow         int           // so many of the subscribers take few responses
	SlowRate     float64       // at most so many a second
	SlowInterval time.Duration // what they ask for in place of Interval; 0 is Interval
	Stalled      int           // so many further subscribers that read nothing once they have subscribed
	StalledTypes []string      // their connection types, in turn
}

// Whom the server conflates for by itself: nobody, the slow ones (when their queues are
// full) or everybody (by a rule). They are to get the newest, not every message.
const (
	ConflatedNone = "none"
	ConflatedSlow = "slow"
	ConflatedAll  = "all"
)

func (o *Options) checkAsks() error {
	a := &o.Asks
	style, _ := wire.ParseStyle(o.ConnectionType) // check has seen it
	switch {
	case a.Conflated != "" && a.Conflated != ConflatedNone && a.Conflated != ConflatedSlow && a.Conflated != ConflatedAll:
		return fmt.Errorf("%w: conflated is none, slow or all, not %q", ErrOptions, a.Conflated)
	case a.Interval < 0 || a.SlowInterval < 0 || a.Stalled < 0 || a.Slow < 0 || a.Slow > o.Subscribers:
		return fmt.Errorf("%w: intervals, slow and stalled must not be negative, nor more be slow than there are", ErrOptions)
	case a.Slow > 0 && a.SlowRate <= 0:
		return fmt.Errorf("%w: slow subscribers take more than 0 responses a second", ErrOptions)
	case style.Plain() && (a.Interval > 0 || a.Replay || a.Acknowledge):
		return fmt.Errorf("%w: clients without a session cannot ask for anything", ErrOptions)
	case style > wire.WebSocket && a.Acknowledge:
		return fmt.Errorf("%w: acknowledgements are of connect replies, which %v is not about", ErrOptions, style)
	}
	for _, name := range a.StalledTypes {
		if style, err := wire.ParseStyle(name); err != nil || style < wire.WebSocket || style == wire.Polls {
			return fmt.Errorf("%w: a stalled reader has a stream or a websocket, not %q", ErrOptions, name)
		}
	}
	if a.Stalled > 0 && len(a.StalledTypes) == 0 {
		return fmt.Errorf("%w: of what type are the stalled readers?", ErrOptions)
	}
	return nil
}

// habits are those of subscribers that are not slow.
func (o *Options) habits() client.Habits {
	a := &o.Asks
	h := client.Habits{Wishes: wire.Wishes{Acknowledge: a.Acknowledge, Replay: a.Replay, Interval: a.Interval.Milliseconds()}}
	if a.Interval > 0 || a.Conflated == ConflatedAll {
		h.Claim = reconcile.Newest
	}
	return h
}

func (o *Options) slowHabits() client.Habits {
	a, h := &o.Asks, o.habits()
	if a.SlowInterval > 0 {
		h.Wishes.Interval = a.SlowInterval.Milliseconds()
	}
	if a.SlowRate > 0 {
		h.Pause = time.Duration(float64(time.Second) / a.SlowRate)
	}
	h.Claim = reconcile.Told
	if h.Wishes.Interval > 0 || a.Conflated == ConflatedSlow || a.Conflated == ConflatedAll {
		h.Claim = reconcile.Newest
	}
	return h
}

// exact reports whether every subscriber is to get every message, so that one number
// says when all have arrived.
func (o *Options) exact() bool { return o.habits().Claim == reconcile.Every && o.Asks.Slow == 0 }

// stalled are the connection types of the stalled readers.
func (o *Options) stalled() []wire.Style {
	styles := make([]wire.Style, o.Asks.Stalled)
	for i := range styles {
		styles[i], _ = wire.ParseStyle(o.Asks.StalledTypes[i%len(o.Asks.StalledTypes)]) // check has seen them
	}
	return styles
}

// text says for the record what was asked for.
func (a *Asks) text() string {
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(a.Interval > 0, "one of a channel in %v", a.Interval)
	add(a.Conflated == ConflatedAll, "conflated by the server")
	add(a.Replay, "with replayIds")
	add(a.Acknowledge, "acknowledged")
	add(a.Slow > 0, "%d slow ones with %g responses/s", a.Slow, a.SlowRate)
	add(a.Slow > 0 && a.SlowInterval > 0, "who ask for one in %v", a.SlowInterval)
	add(a.Slow > 0 && a.Conflated == ConflatedSlow, "conflated for by the server")
	add(a.Stalled > 0, "beside %d stalled readers (%s)", a.Stalled, strings.Join(a.StalledTypes, ", "))
	return strings.Join(parts, ", ")
}
