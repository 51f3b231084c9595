package loop

// Proved by TestMoveToTheSession, TestMoveOfAStream, TestMovesUnderStress and TestNoMoveWhileSomethingIsOutstanding.

import (
	"bytes"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/socket"
)

// mover has connections leave a loop for the one of their session. A connection moves once.
type mover struct {
	*common
	output *output
	ways   *moves            // to the other loops
	spend  func(units int)   // counts work of the turn
	forget func(slot uint32) // the input that waits of a connection
	runs   map[uint32]passed // by slot
}

// passed are the requests of a connection that went to one other loop, one after the other.
type passed struct {
	loop  uint16
	times uint16
}

const (
	// passedMost is after how many such requests a connection moves: together they have cost what that will.
	passedMost = 8
	// moveWork is what a move counts for, in units of work.
	moveWork = 64
)

// passes notes that a request of a connection went to another loop. One that opens a stream is worth a move by itself.
func (m *mover) passes(c *conn, to bayeux.Place, opens bool) {
	if !m.moves() || to.Node != m.shared.cfg.node || c.has(settled) || c.phase == upgraded {
		return
	}
	run := m.runs[c.slot]
	if run.loop != to.Loop {
		run = passed{loop: to.Loop}
	}
	if run.times++; opens {
		run.times = passedMost
	}
	if m.runs == nil {
		m.runs = make(map[uint32]passed)
	}
	m.runs[c.slot] = run
}

// stays notes that a request of a connection stayed on this loop.
func (m *mover) stays(slot uint32) {
	if len(m.runs) > 0 {
		delete(m.runs, slot)
	}
}

// moves tells whether connections move at all.
func (m *mover) moves() bool { return m.shared.cfg.Steer != SteerOff && m.shared.cfg.Loops > 1 }

// due tells whether a connection is to move when it has nothing else to do, and where.
func (m *mover) due(c *conn) (to uint16, due bool) {
	if roam := m.shared.cfg.roam; roam != nil {
		return roam(m.id)
	}
	if len(m.runs) == 0 {
		return 0, false
	}
	run := m.runs[c.slot]
	return run.loop, run.times >= passedMost
}

// isDue is due without the place.
func (m *mover) isDue(c *conn) bool {
	_, due := m.due(c)
	return due
}

// rests moves a connection that waits for its next request, if it is due. It is gone then.
func (m *mover) rests(c *conn) bool {
	to, due := m.due(c)
	return due && m.move(c, to)
}

// opens moves a connection whose request is for an event-stream of another loop's session, together with that request.
func (m *mover) opens(c *conn, q *httpparse.Request) bool {
	if !m.moves() || c.has(settled) {
		return false
	}
	a, ok := bayeux.ParseClientID(q.Path[bytes.LastIndexByte(q.Path, '/')+1:])
	if !ok || a.Node != m.shared.cfg.node || a.Loop == m.id || !m.shared.isHome(a.Loop) {
		return false
	}
	return m.move(c, a.Loop)
}

// move has a connection leave for another loop, and tells whether it has. Nothing of it may be under way here: then its next
// request finds it as if it had just come, and no reply to it is lost.
func (m *mover) move(c *conn, to uint16) bool {
	if to == m.id || m.isBusy(c) || m.output.draining || m.shared.moved.Load() || !m.ways.room(to) {
		return false
	}
	v := &moving{to: m.ways.loops.reactors[to], names: c.names.with(0), traits: c.traits & (counted | delivered)}
	v.peer, v.told = c.socket.Conn().Peer(), m.told[c.slot]
	slot := c.slot
	left, err := socket.Leave(c.socket)
	if err != nil {
		c.set(settled, true)
		m.stays(slot)
		return false
	}
	v.carried = left
	m.spend(moveWork)
	m.left(slot)
	m.ways.send(v)
	return true
}

// isBusy tells whether something of a connection is under way that cannot go with it.
func (m *mover) isBusy(c *conn) bool {
	_, slow := m.output.slow[c.slot]
	return slow || c.phase != reading || c.has(leaving) || c.socket.Unsent() > 0 || c.socket.Held() > keepSlow
}

// left forgets a connection that has gone to another loop.
func (m *mover) left(slot uint32) {
	delete(m.told, slot)
	delete(m.askers, slot)
	m.stays(slot)
	m.forget(slot)
	m.wheel.Cancel(slot)
	m.alive.clear(slot)
	m.conns.Release(slot)
}
