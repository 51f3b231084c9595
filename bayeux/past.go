// Proved by TestReplaysCountAsWork, TestReplaysThatWereLeftAreBounded and TestReplayGoesOnAfterShedding.

package bayeux

import (
	"slices"

	"halley/bayeux/event"
	"halley/bayeux/history"
)

// remember queues what a subscription got of the past, and goes on with what the
// session has to get beside.
func (v seat) remember(past history.Remembered) {
	s, slot, r := v.s, v.slot, v.session
	s.Spend(len(past.Entries)) // whoever asked had them read as well
	for _, pattern := range past.Missed {
		s.queues.Lose(&r.queue, pattern)
	}
	p := s.replays.of[slot]
	if p == nil {
		p = new(replay)
		p.add(past.Replays)
		v.takePage(p, past)
		return
	}
	// All is read together, so that nothing comes twice: what came of the new ones
	// comes again.
	p.ticket = 0
	p.add(past.Replays)
	for _, e := range past.Entries {
		if !p.brings([]byte(e.Channel), e.ID) {
			v.queuePast(e)
		}
	}
	v.readOn()
}

// takePage queues what was read, as far as there is room.
func (v seat) takePage(p *replay, past history.Remembered) {
	s, slot, r := v.s, v.slot, v.session
	reached, full := int64(0), false
	for _, e := range past.Entries {
		switch {
		case !p.brings([]byte(e.Channel), e.ID): // a snapshot
			v.queuePast(e)
		case full || past.Upto != 0 && e.ID > past.Upto:
		case !s.queues.FitsHalf(&r.queue, event.Event(e.Event)):
			full = true
		default:
			if reached = e.ID; !p.left || s.fanout.Covers(slot, e.Channel) {
				v.queuePast(e)
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
		v.readOn()
	} else {
		delete(s.replays.of, slot)
	}
}

// queuePast queues one event of the past.
func (v seat) queuePast(past history.Entry) {
	s, slot, r := v.s, v.slot, v.session
	if r.tables.has(inDoomed) {
		return
	}
	r.eager = true
	e, key, wanted := s.fanout.Past(slot, event.Event(past.Event))
	switch {
	case !wanted:
	case s.rules.Of(s.replays.text(past.Channel)).Conflate:
		v.queued(s.queues.PushNewest(&r.queue, e, key))
	default:
		v.queued(s.queues.PushAfter(&r.queue, e, key))
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
func (v seat) recalled(ticket Ticket, past history.Remembered) {
	s, slot, r := v.s, v.slot, v.session
	if !r.tables.has(inReplays) || s.replays.of[slot].ticket != ticket {
		return
	}
	p := s.replays.of[slot]
	p.ticket = 0
	s.Spend(len(past.Entries) + len(p.rest))
	for _, pattern := range past.Missed {
		s.queues.Lose(&r.queue, pattern)
	}
	v.takePage(p, past)
}
