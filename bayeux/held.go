// Proved by bayeux/testdata/outlet-*.txt and TestDrainBringsAll.

package bayeux

import "halley/bayeux/reply"

// unhold forgets the held connect without an answer.
func (v seat) unhold() {
	s, slot, r := v.s, v.slot, v.session
	s.longIDs.forget(slot, &r.heldID)
	r.outlet.answer()
	if r.advise == heldReply {
		r.advise = noReply
	}
	s.stats.Held--
}

// answerHeld answers the held connect: pending events first, the reply last.
func (v seat) answerHeld(now int64, answer connectReply, fx *Effects) {
	s, slot, r := v.s, v.slot, v.session
	start := fx.begin()
	effect := Effect{Kind: Reply, To: r.outlet.held, Session: s.sessions.address(slot)}
	answer.losses = !answer.left && s.queues.HasLosses(&r.queue)
	if !answer.left && !r.queue.Blocked() && !r.outlet.usesStream() {
		s.composer.pending(r, &effect, fx, start, s.cfg.ReplyBytes-answer.bytes(s.queues.LossBytes(&r.queue)), r.queue.Reply()+1)
	}
	if !answer.left && !answer.ended && !answer.failure.Failed() && r.outlet.polls() && s.drain.owes(now, v, &effect) {
		answer.advise(0)
	}
	if answer.ended && !s.terms.Salesforce {
		fx.comma(start)
		fx.arena = append(fx.arena, reply.Disconnected...)
	}
	fx.comma(start)
	fx.arena = s.composer.connectReply(fx.arena, now, slot, s.longIDs.of(slot, &r.heldID), answer)
	if answer.losses {
		s.composer.trackLosses(slot, r, &effect)
	}
	r.delivery.send(&effect)
	fx.add(effect, start)
	v.unhold()
	v.await(now)
}
