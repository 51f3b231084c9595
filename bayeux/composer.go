// Proved by TestNothingLostNorDoubled, bayeux/testdata/dropped.txt, bayeux/testdata/ack*.txt and bayeux/testdata/timesync.txt.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/queue"
	"halley/bayeux/reply"
)

// composer puts together what goes out to a session: events, and the replies to connects. What it has taken along is in
// flight, and noted in the session's delivery.
type composer struct {
	sessions *sessions
	queues   *queue.Store
	terms    *reply.Terms
	syncs    map[uint32]reply.Timesync // of connects that are not answered yet, by slot
}

// pending appends pending events to the effect that started at start, as
// events does; they are in flight from now on.
func (c *composer) pending(r *session, effect *Effect, fx *Effects, start, bytes int, batch uint32) {
	c.events(r, effect, fx, start, bytes, batch)
	r.delivery.reply(effect.Numbered)
}

// events appends as many pending events as the effect that started at start has
// room for in so many bytes, but one at least: what is longer than a reply may be goes
// alone. The rest goes with the next.
func (c *composer) events(r *session, effect *Effect, fx *Effects, start, bytes int, batch uint32) {
	first := true
	c.queues.Take(&r.queue, batch, func(e event.Event) bool {
		if !first && len(fx.arena)-start+len(e) >= bytes {
			return false
		}
		first = false
		fx.comma(start)
		fx.arena = append(fx.arena, e...)
		fx.endMessage()
		return true
	})
	if first {
		return
	}
	r.eager = r.eager && r.queue.Pending() > 0
	r.delivery.carry(effect.To)
	effect.Numbered, effect.Upto = true, r.queue.Upto()
}

// trackLosses asks for a report on this effect, because it carries the news of losses: it
// gets a number, if it has none.
func (c *composer) trackLosses(slot uint32, r *session, effect *Effect) {
	if c.queues.TrackLosses(&r.queue, effect.Numbered) {
		effect.Numbered, effect.Session, effect.Upto = true, c.sessions.address(slot), r.queue.Upto()
	}
}

// connectReply appends the reply to a connect with an id.
func (c *composer) connectReply(dst []byte, now int64, slot uint32, id []byte, answer connectReply) []byte {
	failure := answer.failure
	if answer.ended && c.terms.Salesforce {
		failure = reply.Unauthenticated // what ends a session there
	}
	dst = c.terms.Append(dst, now, []byte(metaConnect), id, failure)
	r := c.sessions.At(slot)
	dst = c.client(dst, slot, r)
	switch {
	case answer.last != "":
		dst = reply.AppendAdvice(dst, answer.last)
	case answer.advice == heartbeat:
		dst = c.terms.AppendHeartbeat(dst)
	case answer.advice != asBefore:
		dst = c.terms.AppendRetry(dst, answer.interval, answer.advice == enough)
	}
	if answer.advice != asBefore {
		r.told, r.hold = int32(answer.interval), int32(c.terms.Hold)
		if answer.interval > c.terms.Interval {
			r.advise = eachReply
		}
	}
	e := reply.Ext{Dst: dst}
	if answer.losses {
		e.Dropped(c.queues.TellLosses(&r.queue))
	}
	if r.queue.Acknowledges() {
		e.Ack(r.queue.NextReply())
	}
	if sync, ok := c.syncs[slot]; ok {
		delete(c.syncs, slot)
		sync.Append(&e, now)
	}
	return append(e.End(), '}')
}

// client appends the clientId of a reply's session, which Salesforce's replies to
// connect, subscribe and unsubscribe have.
func (c *composer) client(dst []byte, slot uint32, r *session) []byte {
	if !c.terms.Salesforce {
		return dst
	}
	dst = append(dst, `,"clientId":"`...)
	return append(appendClientID(dst, c.sessions.address(slot), &r.secret), '"')
}
