// Proved by TestManyDoomed, TestEndings and TestTranscripts.

package bayeux

import "halley/bayeux/reply"

// patternWork is how many units a pattern costs that a session is put on or taken off: it
// stands in maps of the loop and of all loops.
const patternWork = 8

// end ends a session for good and tells its client to stop.
func (v seat) end(now int64, fx *Effects) {
	v.endWith(now, connectReply{last: reply.AdviceNone, ended: true}, fx)
}

// endWith answers a held connect with the news of the session's end, or brings it on the
// stream, and removes the session.
func (v seat) endWith(now int64, last connectReply, fx *Effects) {
	r := v.session
	switch {
	case r.outlet.holds():
		v.answerHeld(now, last, fx)
	case r.outlet.streams() && r.outlet.state != anonymous:
		v.deliverEnd(last, fx)
	}
	v.remove(fx)
}

// remove frees a session and everything that it has.
func (v seat) remove(fx *Effects) {
	s, slot, r := v.s, v.slot, v.session
	if r.outlet.holds() {
		v.unhold()
	}
	if r.outlet.streams() {
		v.detach(fx)
	}
	roll{v}.ended()
	s.Spend(patternWork*s.fanout.Count(slot) + r.queue.Len())
	s.fanout.Leave(slot, func(pattern []byte) { s.joins.leave(pattern, fx) })
	s.lazies.wheel.Cancel(slot)
	s.polls.giveUp(r)
	s.queues.Close(&r.queue)
	delete(s.composer.syncs, slot)
	delete(s.replays.of, slot)
	if r.tables.has(inRepeats) {
		delete(s.repeats, slot)
	}
	s.wheel.Cancel(slot)
	s.grants.forget(slot)
	s.sessions.Release(slot)
}

// ends tells whoever wants to know that the session ends now.
func (v seat) ends(why EndCause, by ReplyTo) {
	if v.s.cfg.Ended != nil {
		v.s.cfg.Ended(Ending{v.s.sessions.address(v.slot), why, by})
	}
}

// by is the request by which the session's client is there: the stream, or the held connect.
func (v seat) by() ReplyTo {
	if to := v.session.outlet.stream; to != (ReplyTo{}) {
		return to
	}
	return v.session.outlet.held
}
