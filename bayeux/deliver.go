// Proved by bayeux/testdata/conflate*.txt and TestReplacedEventHasRoomBesidePauses.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/fanout"
)

// recipients are a Server's sessions as its fanout sees them.
type recipients Server

// Give queues an event for a session, and lets it wait for company if it may. A session that is
// to end gets no more.
func (c *recipients) Give(slot uint32, d fanout.Delivery) {
	s := (*Server)(c)
	s.stats.Offered++
	r := s.sessions.At(slot)
	if r.tables.has(inReplays|inDoomed) && (r.tables.has(inDoomed) || s.replays.follows(slot, d.Event)) {
		s.Spend(1)
		return
	}
	waits := d.Until > 0 && !r.eager
	r.eager = !waits
	if d.Key != nil {
		s.at(slot, r).queued(s.queues.PushNewest(&r.queue, d.Event, d.Key))
	} else {
		s.at(slot, r).queued(s.queues.Push(&r.queue, d.Event))
	}
	if waits {
		s.lazies.begin(slot, d.Until)
	}
}

// Fail has a session end that could not be given an event.
func (c *recipients) Fail(slot uint32, cause any) {
	s := (*Server)(c)
	s.fault(cause)
	s.at(slot, s.sessions.At(slot)).doom()
}

// Replays tells whether e comes with what a session still has to get of the past.
func (c *recipients) Replays(slot uint32, e event.Event) bool {
	s := (*Server)(c)
	return s.sessions.At(slot).tables.has(inReplays) && s.replays.follows(slot, e)
}

// Fits tells whether a session's queue has room for so many bytes more.
func (c *recipients) Fits(slot uint32, bytes int) bool {
	return c.queues.Fits(&c.sessions.At(slot).queue, bytes)
}

// Reserve counts bytes in a session's queue that are kept elsewhere for it.
func (c *recipients) Reserve(slot uint32, bytes int) { c.sessions.At(slot).queue.Reserve(bytes) }
