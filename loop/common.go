package loop

// Proved by TestPanicClosesOneConnection, TestIdleConnectionsClose and TestPipelining.

import (
	"net/netip"
	"runtime/debug"

	"halley/bayeux"
	"halley/bayeux/wheel"
)

// common is what the parts of a loop share: its connections with their deadlines, the time of the turn, the counters.
type common struct {
	shared    *shared
	id        uint16
	clock     int64 // milliseconds, when this turn began
	conns     conns
	alive     *alive
	wheel     *wheel.Wheel              // deadlines of connections, by slot
	told      map[uint32]netip.AddrPort // whose connections are that a proxy has opened, by slot
	errands   errands
	askers    map[uint32]netip.AddrPort // for whom proxies have sent the requests that wait for an answer, by slot
	spokenFor map[uint32]netip.Addr     // for whom proxies have sent the requests that are not answered yet, where that is limited, by slot
	asker     netip.AddrPort            // who has asked for a session in this turn
	counters  Counters
	serving   *conn            // whose input is being processed
	goOnSoon  []bayeux.ReplyTo // connections whose input is worked on after the present turn
}

// now is when the turn began: all that happens in one turn happens at once.
func (m *common) now() int64 { return m.clock }

// place is where this loop is.
func (m *common) place() bayeux.Place { return m.shared.place(m.id) }

// replyTo names the current request of a connection.
func (m *common) replyTo(c *conn) bayeux.ReplyTo { return c.replyTo(m.place()) }

// goOnWith has the input of a connection worked on after the present turn.
func (m *common) goOnWith(c *conn) { m.goOnSoon = append(m.goOnSoon, m.replyTo(c)) }

// after sets the deadline of a connection, milliseconds from now.
func (m *common) after(c *conn, milliseconds int64) { m.wheel.Set(c.slot, m.now()+milliseconds) }

// abort closes a connection at once.
func (m *common) abort(c *conn) {
	if c.socket != nil {
		c.socket.Conn().Close()
	}
}

// recovered, deferred, ends a panic. Only a deferred function itself can.
func (m *common) recovered(where string) {
	if cause := recover(); cause != nil {
		m.panicked(where, cause)
	}
}

// panicked logs and counts a panic.
func (m *common) panicked(where string, cause any) {
	m.counters.Panics++
	m.shared.cfg.Log.Error("panic", "in", where, "cause", cause, "stack", string(debug.Stack()))
}
