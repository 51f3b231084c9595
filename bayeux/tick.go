// Proved by bayeux/testdata/deadline-*.txt, bayeux/testdata/behind.txt and TestManyExpireTogether.

package bayeux

import (
	"halley/bayeux/reply"
	"halley/bayeux/wheel"
)

// Hurries tells whether Tick should be called every tenth of a second, since
// something waits for less than a second or so.
func (d *deadlines) Hurries(now int64) bool {
	return d.s.fanout.Pauses()+d.lazies.wheel.Len() > 0 || now < d.tickSoon
}

// Behind says whether requests wait that came before now: while they do nobody
// expires, for a client that is there may have sent one of them.
func (d *deadlines) Behind(yes bool) { d.behind = yes }

// Tick answers the connects whose time is over and sweeps expired sessions
// (Bayeux 1.0, 4.2 SHOULD expiry). It tells whether it may have left some of them for the next call.
func (d *deadlines) Tick(now int64, fx *Effects) (more bool) {
	more = d.each(d.wheel, now, func(slot uint32) { d.expire(now, slot, fx) })
	more = d.endGrants(now, fx) || more
	more = d.each(d.lazies.wheel, now, d.wakeLazy) || more
	return d.s.fanout.Due(now) || more
}

// each calls visit with the sessions whose time in a wheel is over, as many as a turn has time for, and tells whether there may be
// more of them.
func (d *deadlines) each(w *wheel.Wheel, now int64, visit func(slot uint32)) (more bool) {
	for n := 0; n < expiryBatch && (n == 0 || !d.s.Tired()); n++ {
		slot, due := w.Next(now)
		if !due {
			return false
		}
		visit(slot)
	}
	return true
}

// expire answers the connect of the session at slot, whose time is over, or removes the session.
func (d *deadlines) expire(now int64, slot uint32, fx *Effects) {
	defer d.s.contain(d.s.sessions.address(slot))
	r := d.s.sessions.At(slot)
	switch {
	case r.outlet.holds():
		d.s.at(slot, r).answerHeld(now, advisedReply(r), fx)
	case r.tables.has(inBacklogs) || d.behind || r.delivery.leaves():
		d.s.at(slot, r).await(now)
	default:
		d.s.stats.Expired++
		v := d.s.at(slot, r)
		v.ends(Missed, v.by())
		v.remove(fx)
	}
}

// endGrants ends the sessions whose authority gave them no longer, and tells whether
// there may be more of them.
func (d *deadlines) endGrants(now int64, fx *Effects) (more bool) {
	due := d.s.grants.expired(now, expiryBatch)
	for _, slot := range due {
		d.s.stats.Expired++
		d.s.stats.Lapsed++
		d.endGrant(now, slot, fx)
	}
	return len(due) == expiryBatch
}

// endGrant ends the session at slot, whose authority gave it no longer.
func (d *deadlines) endGrant(now int64, slot uint32, fx *Effects) {
	defer d.s.containEnd(d.s.sessions.address(slot), fx)
	v := d.s.at(slot, d.s.sessions.At(slot))
	v.ends(GrantEnded, v.by())
	if d.s.terms.Salesforce { // whose clients know one end by the server
		v.end(now, fx)
		return
	}
	v.endWith(now, connectReply{last: reply.AdviceHandshake, failure: reply.AuthorityExpired}, fx)
}

// wakeLazy sends the events of a session on their way that have waited for company long enough.
func (d *deadlines) wakeLazy(slot uint32) {
	d.s.Spend(1)
	r := d.s.sessions.At(slot)
	r.eager = r.eager || r.queue.Pending() > 0
	d.s.at(slot, r).mark()
}
