// Proved by TestReplaysCountAsWork, TestReplaysThatWereLeftAreBounded and TestReplayGoesOnAfterShedding.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/history"
)

// catchUp is how a session comes from the past to the present: with what its subscriptions have asked for, by parts.
type catchUp struct {
	seat
	replay *replay // what it has not got yet; nil: it has all
}

// pastUnits is what an event of the past counts for beside its place in the queue: it is looked up, filtered and copied for one
// session alone, and was read for it before.
const pastUnits = 8

// catchUp is that of a session.
func (p *replays) catchUp(v seat) catchUp { return catchUp{v, p.of[v.slot]} }

// remember queues what a subscription got of the past, and goes on with what the
// session has to get beside.
func (u catchUp) remember(past history.Remembered) {
	s, r := u.s, u.session
	s.Spend(pastUnits * len(past.Entries)) // whoever asked had them read as well
	for _, pattern := range past.Missed {
		s.queues.Lose(&r.queue, pattern)
	}
	switch {
	case u.replay == nil && len(past.Entries)+len(past.Replays) == 0:
		return
	case u.replay == nil:
		u.replay = new(replay)
		u.replay.add(past.Replays)
		u.takePage(past)
		return
	}
	p := u.replay
	// All is read together, so that nothing comes twice: what came of the new ones
	// comes again.
	p.ticket = 0
	p.add(past.Replays)
	for _, e := range past.Entries {
		if !p.brings([]byte(e.Channel), e.ID) {
			u.queuePast(e)
		}
	}
	u.readOn()
}

// takePage queues what was read, as far as there is room.
func (u catchUp) takePage(past history.Remembered) {
	s, slot, r, p := u.s, u.slot, u.session, u.replay
	reached, full := int64(0), false
	for _, e := range past.Entries {
		switch {
		case !p.brings([]byte(e.Channel), e.ID): // a snapshot
			u.queuePast(e)
		case full || past.Upto != 0 && e.ID > past.Upto:
		case !s.queues.FitsHalf(&r.queue, event.Event(e.Event)):
			full = true
		default:
			if reached = e.ID; !p.left || s.fanout.Covers(slot, e.Channel) {
				u.queuePast(e)
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
		u.readOn()
	} else {
		delete(s.replays.of, slot)
	}
}

// queuePast queues one event of the past.
func (u catchUp) queuePast(past history.Entry) {
	s, slot, r := u.s, u.slot, u.session
	if r.tables.has(inDoomed) {
		return
	}
	r.eager = true
	e, key, wanted := s.fanout.Past(slot, event.Event(past.Event))
	switch {
	case !wanted:
	case s.rules.Of(s.replays.text(past.Channel)).Conflate:
		u.queued(s.queues.PushNewest(&r.queue, e, key))
	default:
		u.queued(s.queues.PushAfter(&r.queue, e, key))
	}
}

// recalled brings what the Recall of ticket asked for. What was forgotten before it
// could be read is told to the client under its pattern, as dropped.
func (u catchUp) recalled(ticket Ticket, past history.Remembered) {
	s, r := u.s, u.session
	p := u.replay
	if p == nil || p.ticket != ticket {
		return
	}
	p.ticket = 0
	s.Spend(pastUnits*len(past.Entries) + len(p.rest))
	for _, pattern := range past.Missed {
		s.queues.Lose(&r.queue, pattern)
	}
	u.takePage(past)
}
