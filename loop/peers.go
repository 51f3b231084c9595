package loop

// Proved by TestNothingLostAfterReset and TestReplayAfterCuts.

import "halley/loop/socket"

// peers are the connections that replies with events are about to be written to.
type peers struct {
	conns []*conn
	socket.Peers
}

// add notes that events are about to go to a held poll or a stream; nil is none.
func (p *peers) add(c *conn) {
	if c != nil && c.phase != answering {
		p.conns = append(p.conns, c)
		p.Add(c.socket.Conn())
	}
}

// closeDead closes those of the noted connections whose peer has closed or reset
// them. The first write to such a socket would still succeed, and what it carried
// be lost. The loop has not always seen it: tasks that arrive while it runs others
// run before it looks at its sockets again. One system call asks for all, unless another has told that nothing came, see mayHaveLost.
func (p *peers) closeDead() {
	if p.Ask() {
		for i, c := range p.conns {
			if p.Gone(i) && c.socket != nil {
				c.socket.Conn().Close()
			}
		}
	}
	p.conns = p.conns[:0]
	p.Reset()
}
