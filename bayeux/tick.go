// Proved by bayeux/testdata/deadline-*.txt, bayeux/testdata/behind.txt and TestManyExpireTogether.

package bayeux

import "halley/bayeux/reply"

// Hurries tells whether Tick should be called every tenth of a second, since
// something waits for less than a second or so.
func (d *deadlines) Hurries(now int64) bool {
	return d.s.fanout.Pauses()+d.lazies.wheel.Len() > 0 || now < d.tickSoon
}

// Behind says whether requests wait that came before now: while they do nobody
// expires, for a client that is there may have sent one of them.
func (d *deadlines) Behind(yes bool) { d.behind = yes }

// Tick answers the connects whose time is over and sweeps expired sessions
// (Bayeux 1.0, 4.2 SHOULD expiry). It tells whether it left some of them for the next call.
func (d *deadlines) Tick(now int64, fx *Effects) (more bool) {
	d.expired = d.wheel.Advance(now, expiryBatch, d.expired[:0])
	for i, slot := range d.expired {
		if i > 0 && d.s.Tired() {
			d.wheel.Set(slot, now)
			more = true
			continue
		}
		d.expire(now, slot, fx)
	}
	more = d.endGrants(now, fx) || more || len(d.expired) == expiryBatch
	more = d.wakeLazies(now) || more
	return d.s.fanout.Due(now) || more
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

// wakeLazies sends the events on their way that have waited for company long enough. It
// tells whether it left some for the next call.
func (d *deadlines) wakeLazies(now int64) (more bool) {
	due := d.lazies.wheel.Advance(now, expiryBatch, d.lazies.due[:0])
	d.lazies.due = due
	for n, slot := range due {
		if d.s.Spend(1); n > 0 && d.s.Tired() {
			d.lazies.wheel.Set(slot, now)
			more = true
			continue
		}
		r := d.s.sessions.At(slot)
		r.eager = r.eager || r.queue.Pending() > 0
		d.s.at(slot, r).mark()
	}
	return more || len(due) == expiryBatch
}
