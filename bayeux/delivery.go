package bayeux

// deliveryPhase says what is known of the events that went out last. Two things have to
// be known: whether they have left, which Written and Bounced tell, and whether the
// client has seen them, which its next connect tells. What is numbered counts as events
// here, though it may be the news of lost events alone.
type deliveryPhase uint8

const (
	// idle: all that went out has left, and its client has seen what it had to see. The
	// session expires when its client is not heard of.
	idle deliveryPhase = 0

	// leaving: the fate of a reply or group is not known, but a connect has come that
	// does not wait for it, or it tells of lost events alone. The session does not expire
	// while bytes of it wait for a slow link. Written leads to idle, and so does Bounced.
	leaving deliveryPhase = 1

	// unseen: the events have left, and no connect has told that they arrived. Replies to
	// other messages take no events along that could arrive before them. A connect leads
	// to idle, unless it may have been sent before, see connected.
	unseen deliveryPhase = 2

	// inFlight: the fate of the events is not known, nor whether they were seen. Written
	// leads to unseen. Bounced leads to idle if they went with a reply, for they go again
	// with the next. If they went on a stream it leads to unseen, since a part of them may have
	// arrived. A connect leads to leaving, unless it may have been sent before.
	inFlight = leaving | unseen
)

// delivery is what a session knows of the events that went out last. Those that may have
// to go again stand at the front of its queue until their fate is known, or until they
// are acknowledged.
type delivery struct {
	carrier  ReplyTo // the request or stream that got them
	upto     uint32  // the number of the last reply or group whose fate is told
	phase    deliveryPhase
	byStream bool   // the last reply or group was one of a stream
	node     uint16 // that the last one went to whose fate is told
	group    groupSize
}

// leaves tells whether the fate of a reply or group is not known.
func (d *delivery) leaves() bool { return d.phase&leaving != 0 }

// unseen tells whether events may be on their way that the client has not seen.
func (d *delivery) unseen() bool { return d.phase&unseen != 0 }

// carry notes which request or stream gets events.
func (d *delivery) carry(to ReplyTo) { d.carrier = to }

// reply notes that a reply takes along what is pending, and whether there is any.
func (d *delivery) reply(events bool) { d.expose(events, false) }

// stream notes that a group goes on a stream, and whether its fate is told.
func (d *delivery) stream(numbered bool) { d.expose(numbered, true) }

func (d *delivery) expose(events, byStream bool) {
	d.byStream = byStream
	if events {
		d.phase |= unseen
	}
}

// send notes that the fate of an effect will be told, if it is numbered.
func (d *delivery) send(effect *Effect) {
	if effect.Numbered {
		d.phase, d.upto, d.node = d.phase|leaving, effect.Upto, effect.To.Node
	}
}

// left notes the fate of the reply or group up to a number, and tells whether that is the
// last one.
func (d *delivery) left(upto uint32) (last bool) {
	if last = d.leaves() && d.upto == upto; last {
		d.phase &^= leaving
	}
	return last
}

// bounced notes that the events in flight came back. Of those on a stream a part may have
// arrived.
func (d *delivery) bounced() {
	if !d.byStream {
		d.phase &^= unseen
	}
}

// connected notes that a connect of a type has come, by which the client may have told
// that it has seen what went before.
func (d *delivery) connected(by Request, kind ConnectionType, besideStream bool) {
	if !d.mayCross(by, kind, besideStream) {
		d.phase &^= unseen
	}
}

// mayCross tells whether a connect may have been sent before the events came. One of an
// event-stream's client tells nothing of the stream, nor does a poll beside the stream, and
// one on another connection than brought the events may be late itself.
func (d *delivery) mayCross(by Request, kind ConnectionType, besideStream bool) bool {
	if d.byStream {
		return kind == EventSource || kind.answers() && besideStream
	}
	return by.Type.polls() && d.carrier.connection() != by.To.connection()
}
