// Proved by bayeux/testdata/replay*.txt and TestReplayGoesOnAfterShedding.

package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/bayeux/work"
)

// A replay may be much larger than its session's queue. It is read part by part, as
// the queue drains. Until all is read, events that are published meanwhile to its
// channels are left alone: they are remembered, and are read in their turn.

// replay is what a session has not got yet of the past.
type replay struct {
	rest   []history.Wanted // its subscriptions, and after which number each goes on
	places channel.Map[int] // of the patterns in rest
	ticket Ticket           // of the Recall under way; 0 none
	left   bool             // one of rest may be subscribed to no more
}

// add puts subscriptions among those that are read, in place of earlier ones to the
// same patterns.
func (p *replay) add(list []history.Wanted) {
	for _, w := range list {
		i, known := p.places.Get([]byte(w.Pattern))
		switch {
		case known && w.After == history.Tip:
			p.cut(i)
		case known:
			p.rest[i] = w
		case w.After != history.Tip:
			p.places.Set(w.Pattern, len(p.rest))
			p.rest = append(p.rest, w)
		}
	}
}

// exceeds tells whether there would be more than most subscriptions with those that were
// asked for. One that its client has left counts until all is read.
func (p *replay) exceeds(most int, asked *subscription) bool {
	n := len(p.rest)
	for _, pattern := range asked.patterns {
		_, replays := asked.cursors.of(pattern)
		if _, known := p.places.Get(pattern); replays && !known {
			n++
		}
	}
	return n > most
}

// cut takes out the subscription at i. The last one takes its place.
func (p *replay) cut(i int) {
	p.places.Delete([]byte(p.rest[i].Pattern))
	last := len(p.rest) - 1
	if i != last {
		p.rest[i] = p.rest[last]
		p.places.Set(p.rest[i].Pattern, i)
	}
	p.rest = p.rest[:last]
}

// brings tells whether the event with a number comes with the replay.
func (p *replay) brings(name []byte, id int64) (brings bool) {
	p.places.Each(name, func(i int) bool {
		brings = id > p.rest[i].After
		return !brings
	})
	return brings
}

// replays are those of all sessions, by slot.
type replays struct {
	of    map[uint32]*replay
	rules *rules.Book
	work  *work.Meter
	name  []byte // kept for its memory
}

// follows tells whether e, which is new or was kept during a pause, comes with what the
// session still has to get of the past.
func (p *replays) follows(slot uint32, e event.Event) bool {
	name := p.text(e.Channel())
	if !p.rules.Of(name).History {
		return false
	}
	p.work.Spend(1)
	return p.of[slot].brings(name, e.ID())
}

// text is name as bytes, until the next call.
func (p *replays) text(name string) []byte {
	p.name = append(p.name[:0], name...)
	return p.name
}
