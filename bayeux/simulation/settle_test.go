package simulation

// calm is for how many rounds of 100 ms nothing may be under way before the world is
// at rest: longer than any event may wait.
const calm = 15

// calm is for how many rounds. The loss of an event is told with the reply to a
// connect, which may be held.
func (w *world) calm() int {
	if w.plan.tight() {
		return calm + int(w.plan.hold/100)
	}
	return calm
}

// settle stops faults and publications and lets everything arrive. Then every client
// must have seen what it had to, and the server's tables must agree.
func (w *world) settle() {
	w.quiet = true
	for _, c := range w.clients {
		c.sleeps = 0
	}
	for round, rest := 0, 0; rest < w.calm(); round++ {
		if round > 600 {
			w.restless()
		}
		received := w.received
		w.advance()
		if rest++; !w.atRest() || w.received > received {
			rest = 0
		}
	}
	for _, c := range w.clients {
		c.settled()
	}
	for _, l := range w.loops {
		l.sweep()
	}
	w.checkTables()
	w.quiet = false
}

// advance lets 100 ms go by in which everybody does what there is to do.
func (w *world) advance() {
	for _, c := range w.clients {
		for _, k := range c.conns {
			k.stuck = false
			k.release(len(k.unsent))
		}
		for n := 0; n < 4 || c.readable(); n++ {
			c.act()
			w.step++
		}
	}
	w.store.written(len(w.store.writes))
	for range len(w.asks) {
		w.verdict()
	}
	for range 3 {
		for _, l := range w.loops {
			l.read(len(l.inputs))
			l.notice(len(l.closing))
			l.checkSlow()
			l.turn(len(l.mailbox) + 1)
		}
	}
	w.pass(100)
}

// atRest tells whether nothing is under way.
func (w *world) atRest() bool {
	for _, c := range w.clients {
		if !c.atRest() {
			return false
		}
	}
	return len(w.asks) == 0
}

// atRest tells whether the client has what it wants and has said what it had to say.
// Its connects go on.
func (c *client) atRest() bool {
	if !c.anonymous && (len(c.id) == 0 || c.unsynced() || c.waiting()) {
		return false
	}
	for _, s := range c.subs {
		if !s.confirmed || s.pending {
			return false
		}
	}
	return true
}

// waiting tells whether a command other than a heartbeat has no reply.
func (c *client) waiting() bool {
	for _, k := range c.commands {
		if k.verb != "heartbeat" {
			return true
		}
	}
	return false
}

// restless ends a run in which something never comes to an end.
func (w *world) restless() {
	for _, c := range w.clients {
		if !c.atRest() {
			w.fail(c, "does not come to rest")
		}
	}
	for _, l := range w.loops {
		w.fail(nil, "loop %d does not come to rest: mailbox %d, inputs %d, closing %d, slow %d, questions %d",
			l.id, len(l.mailbox), len(l.inputs), len(l.closing), len(l.slow), len(w.asks))
	}
}

// checkTables compares the interest index with the loops' tables, and the queues
// with their bounds.
func (w *world) checkTables() {
	want := make(interest)
	for _, l := range w.loops {
		l.core.Channels(func(pattern []byte, _ int) { want.add(string(pattern), l.id) })
		for _, s := range l.core.Sessions(w.now, 1<<20) {
			if s.Queued > w.plan.queueMessages+1 || s.QueuedBytes > w.plan.queueBytes+2048 {
				w.fail(nil, "session %s has %d events of %d bytes", s.ID, s.Queued, s.QueuedBytes)
			}
		}
	}
	for pattern, loops := range want {
		for l := range loops {
			if !w.interest[pattern][l] {
				w.fail(nil, "loop %d subscribes to %s, and the index does not know", l, pattern)
			}
		}
	}
	for pattern, loops := range w.interest {
		for l := range loops {
			if !want[pattern][l] {
				w.fail(nil, "nobody on loop %d subscribes to %s, as the index says", l, pattern)
			}
		}
	}
}

// finish ends all sessions, by word or by silence. Nothing of them must be left.
func (w *world) finish() {
	w.quiet, w.leaving = true, true
	for range 10 {
		w.advance()
	}
	for _, c := range w.clients {
		for len(c.conns) > 0 {
			c.cut(c.conns[0])
		}
		c.main, c.cmd = nil, nil
	}
	for passed := int64(0); passed < 2*w.plan.hold+w.plan.maxInterval+5000; passed += 100 {
		for range len(w.asks) {
			w.verdict()
		}
		for range 3 {
			for _, l := range w.loops {
				l.notice(len(l.closing))
				l.turn(len(l.mailbox) + 1)
			}
		}
		w.pass(100)
	}
	for _, l := range w.loops {
		l.sweep()
	}
	w.checkTables()
	if len(w.interest)+len(w.browsers) > 0 {
		w.fail(nil, "left: interest %v, browsers %v", w.interest, w.browsers)
	}
	for _, l := range w.loops {
		if left := leftovers(l.core); left != "" {
			w.fail(nil, "loop %d has left: %s", l.id, left)
		}
	}
}
