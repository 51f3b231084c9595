// Proved by bayeux/testdata/drain.txt, bayeux/testdata/let-go.txt, TestDrainBringsAll and TestDrainEndsStreamsLast.

package bayeux

// drain is how a Server lets its clients go, for them to come back to another one.
type drain struct {
	s      *Server
	window int64             // over which clients are told to come back, in milliseconds; 0 while there is no drain
	from   uint32            // slot where Drain goes on
	owed   map[Address]int64 // until when it waits for clients to come for the rest of their events
}

// on tells whether a drain is under way.
func (d *drain) on() bool { return d.window > 0 }

// Waiting is how many clients have a held poll, or a stream that is no websocket: what
// Drain lets go.
func (d *drain) Waiting() (n int) {
	d.s.sessions.Each(func(_ uint32, r *session) bool {
		if r.outlet.waits() {
			n++
		}
		return true
	})
	return n
}

// Drain lets at most max clients go and returns how many: it answers their held polls
// and ends their streams, once all events have gone there, for them to come back at once. Polls are held no more. Who
// sends one meanwhile, and has found no other server yet, is told to come back some time
// in the next window milliseconds. It goes on where it stopped, and has gone round once
// if it returns less than max.
func (d *drain) Drain(now, window int64, max int, fx *Effects) (gone int) {
	d.window = window
	begin := d.from
	if d.drainOn(now, noSlot, max, &gone, fx) && begin > 0 {
		d.from = 0
		d.drainOn(now, begin, max, &gone, fx)
	}
	return gone
}

// drainOn lets clients go up to the slot end, and tells whether it came so far.
func (d *drain) drainOn(now int64, end uint32, max int, gone *int, fx *Effects) (all bool) {
	all = true
	d.s.sessions.From(d.from, func(slot uint32, r *session) bool {
		if all = *gone < max; !all || slot >= end {
			d.from = slot
			return false
		}
		switch {
		case !r.outlet.waits():
		case r.outlet.usesStream() && r.queue.Pending() > 0: // they go first
			r.eager = true
			d.s.at(slot, r).mark()
		default:
			*gone++
			d.letGo(now, slot, r, fx)
		}
		return true
	})
	return all
}

// LetGo ends what one session's client waits for, when all events have gone to its stream. The session of a stream ends, too,
// since its client has further connections, which would keep it here.
func (d *drain) LetGo(now int64, a Address, fx *Effects) {
	r := d.s.sessions.find(a)
	switch {
	case r == nil || !r.outlet.waits():
	case r.outlet.usesStream() && r.queue.Pending() > 0:
		r.eager = true
		d.s.at(a.Slot, r).mark()
	case r.outlet.streams() && r.outlet.streamType != WebSocket:
		d.letGo(now, a.Slot, r, fx)
		d.s.at(a.Slot, r).end(now, fx)
	default:
		d.letGo(now, a.Slot, r, fx)
	}
}

// LetGoOf ends what one session's client waits for by the request to, whose node lets its clients go: by the next one the client
// comes by another node. Events go to its stream before that.
func (d *drain) LetGoOf(now int64, a Address, to ReplyTo, fx *Effects) {
	r := d.s.sessions.find(a)
	if r == nil {
		return
	}
	defer d.s.contain(a)
	v := d.s.at(a.Slot, r)
	switch poll, stream := r.outlet.goesWith(to); {
	case stream && r.outlet.streamType != WebSocket && r.outlet.usesStream() && r.queue.Pending() > 0:
		r.eager = true
		v.mark()
	case stream && r.outlet.streamType != WebSocket:
		v.detach(fx)
		v.await(now)
	case poll && r.outlet.heldType != WebSocket:
		v.answerHeld(now, advisedReply(r), fx)
	}
}

// letGo ends what a session's client waits for, so that the client comes back.
func (d *drain) letGo(now int64, slot uint32, r *session, fx *Effects) {
	defer d.s.contain(d.s.sessions.address(slot))
	if r.outlet.streams() && r.outlet.streamType != WebSocket {
		d.s.at(slot, r).detach(fx)
		d.s.at(slot, r).await(now)
	}
	if r.outlet.holds() && r.outlet.heldType != WebSocket {
		d.s.at(slot, r).answerHeld(now, advisedReply(r), fx)
	}
}
