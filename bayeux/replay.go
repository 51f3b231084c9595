// Proved by bayeux/testdata/replay*.txt and TestReplayGoesOnAfterShedding.

package bayeux

import (
	"slices"

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

// remember queues what a subscription got of the past, and goes on with what the
// session has to get beside.
func (s *Server) remember(slot uint32, r *session, past history.Remembered) {
	s.Spend(len(past.Entries)) // whoever asked had them read as well
	for _, pattern := range past.Missed {
		s.queues.Lose(&r.queue, pattern)
	}
	p := s.replays.of[slot]
	if p == nil {
		p = new(replay)
		p.add(past.Replays)
		s.takePage(slot, r, p, past)
		return
	}
	// All is read together, so that nothing comes twice: what came of the new ones
	// comes again.
	p.ticket = 0
	p.add(past.Replays)
	for _, e := range past.Entries {
		if !p.brings([]byte(e.Channel), e.ID) {
			s.queuePast(slot, r, e)
		}
	}
	s.readOn(slot, r)
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

// takePage queues what was read, as far as there is room.
func (s *Server) takePage(slot uint32, r *session, p *replay, past history.Remembered) {
	reached, full := int64(0), false
	for _, e := range past.Entries {
		switch {
		case !p.brings([]byte(e.Channel), e.ID): // a snapshot
			s.queuePast(slot, r, e)
		case full || past.Upto != 0 && e.ID > past.Upto:
		case !s.queues.FitsHalf(&r.queue, event.Event(e.Event)):
			full = true
		default:
			if reached = e.ID; !p.left || s.fanout.Covers(slot, e.Channel) {
				s.queuePast(slot, r, e)
			}
		}
	}
	if !full {
		reached = max(reached, past.Upto)
	}
	for i := range p.rest {
		p.rest[i].After = max(p.rest[i].After, reached)
	}
	more := full || past.Upto != 0
	if r.tables.set(inReplays, more); more {
		s.replays.of[slot] = p
		s.readOn(slot, r)
	} else {
		delete(s.replays.of, slot)
	}
}

// queuePast queues one event of the past.
func (s *Server) queuePast(slot uint32, r *session, past history.Entry) {
	r.eager = true
	e, key, wanted := s.fanout.Past(slot, event.Event(past.Event))
	switch {
	case !wanted:
	case s.rules.Of(s.replays.text(past.Channel)).Conflate:
		s.queued(slot, r, s.queues.PushNewest(&r.queue, e, key))
	default:
		s.queued(slot, r, s.queues.PushAfter(&r.queue, e, key))
	}
}

// readOn has the next part of the session's replay read, if its queue has drained: so
// far that there is room for a history.Replays.Part.
func (s *Server) readOn(slot uint32, r *session) {
	if r.tables.has(inReplays) && s.replays.of[slot].ticket == 0 && s.queues.Drained(&r.queue) {
		s.reading.push(s.sessions.address(slot))
	}
}

// read asks for the next part of at most max replays.
func (s *Server) read(max int, fx *Effects) {
	for range min(max, s.reading.len()) {
		a := s.reading.pop()
		r := s.sessions.find(a)
		if r == nil || !r.tables.has(inReplays) {
			continue
		}
		if p := s.replays.of[a.Slot]; p.ticket == 0 {
			s.Spend(len(p.rest))
			s.ticket++
			p.ticket = s.ticket
			fx.add(Effect{Kind: Recall, Session: a, Ticket: p.ticket, Wanted: slices.Clone(p.rest)}, fx.begin())
		}
	}
}

// recalled brings what the Recall of ticket asked for. What was forgotten before it
// could be read is told to the client under its pattern, as dropped.
func (s *Server) recalled(a Address, ticket Ticket, past history.Remembered) {
	r := s.sessions.find(a)
	if r == nil || !r.tables.has(inReplays) || s.replays.of[a.Slot].ticket != ticket {
		return
	}
	p := s.replays.of[a.Slot]
	p.ticket = 0
	s.Spend(len(past.Entries) + len(p.rest))
	for _, pattern := range past.Missed {
		s.queues.Lose(&r.queue, pattern)
	}
	s.takePage(a.Slot, r, p, past)
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
