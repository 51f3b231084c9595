// Proved by TestManyDoomed and TestLinesOfManySessions.

package bayeux

// mark notes that the session may be flushed: it holds a connect or has a stream,
// and events are pending that need not wait for the fate of others in flight.
func (v seat) mark() {
	s, slot, r := v.s, v.slot, v.session
	if r.outlet.takes() && !r.tables.has(inDirty) && r.flushable() {
		r.tables.set(inDirty, true)
		s.dirty.push(s.sessions.address(slot))
	}
}

// tell has the next flush tell of losses, though no event waits.
func (v seat) tell() {
	s, slot, r := v.s, v.slot, v.session
	if r.outlet.takes() && !r.tables.has(inDirty) {
		r.tables.set(inDirty, true)
		s.dirty.push(s.sessions.address(slot))
	}
}

// queued marks the session that has an event more, or notes that it is to end since its
// queue is full.
func (v seat) queued(fits bool) {
	if fits {
		v.mark()
	} else {
		v.doom()
	}
}

// doom has the next flush end the session, or its next connect. It gets no event any more: it may
// have lost one, and those that come now are newer.
func (v seat) doom() {
	s, slot, r := v.s, v.slot, v.session
	if !r.tables.has(inDoomed) {
		r.tables.set(inDoomed, true)
		s.doomed.push(s.sessions.address(slot))
	}
}

// readOn has the next part of the session's replay read, if its queue has drained: so
// far that there is room for a history.Replays.Part.
func (v seat) readOn() {
	s, slot, r := v.s, v.slot, v.session
	if r.tables.has(inReplays) && s.replays.of[slot].ticket == 0 && s.queues.Drained(&r.queue) {
		s.reading.push(s.sessions.address(slot))
	}
}
