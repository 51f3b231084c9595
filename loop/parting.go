package loop

// Proved by TestParting and scripts/e2e/restart_test.go.

import "halley/httpparse/websocket"

// parting lets the clients of one loop go to a successor, a connection after the other: each ends with its next reply once
// it is its turn, and everything goes on as ever until then.
type parting struct {
	loops *loops
	next  uint32 // slot of the connection where the turns go on
	left  int    // that had no turn yet, as counted when the last round began
}

// step gives as many connections their turn as are due, so that the last has it at last, and lets those go on which anything
// is held since.
func (p *parting) step(r *reactor, last int64) {
	due := dueNow(p.left, 1, quietPoll.Milliseconds(), last-r.now())
	next, given := p.next, 0
	r.conns.From(p.next, func(slot uint32, c *conn) bool {
		if next = slot; given >= due {
			return false
		}
		next++
		if !c.has(leaving) {
			c.set(leaving, true)
			given++
		}
		return true
	})
	if p.next, p.left = next, p.left-given; given < due || p.left <= 0 {
		p.next, p.left = 0, 0 // the next round is for those that this one has not met
	}
	r.conns.Each(func(_ uint32, c *conn) bool {
		if c.has(leaving) {
			p.release(r, c)
		} else if p.next == 0 {
			p.left++
		}
		return true
	})
	r.endTurn()
}

// release ends what a connection waits for. The session may be another loop's.
func (p *parting) release(r *reactor, c *conn) {
	switch c.phase {
	case upgraded:
		r.output.closeSocket(c, websocket.CodeGoingAway, "the server goes away")
	case holding, streaming:
		session := c.held
		if c.waitsAbroad(r.shared.cfg.node) {
			r.letGo(session, r.output.replyTo(c))
			return
		}
		p.loops.do(session.Loop, func(r *reactor) {
			r.core.LetGo(r.now(), session, &r.fx)
			r.perform()
			r.endTurn()
		})
	}
}
