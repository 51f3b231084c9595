package socket

import "github.com/panjf2000/gnet/v2"

// Plain is a Socket without encryption. gnet keeps its input and what does not leave at once.
type Plain struct{ conn Conn }

// Over is the plain socket of a connection.
func Over(conn gnet.Conn) Plain { return Plain{Conn{conn}} }

// Receive implements Socket: gnet has taken in what has come.
func (*Plain) Receive() error { return nil }

// Buffered implements Socket.
func (p *Plain) Buffered() int { return p.conn.gnet.InboundBuffered() }

// Peek implements Socket.
func (p *Plain) Peek(n int) []byte {
	view, err := p.conn.gnet.Peek(n)
	if err != nil {
		return nil // there are not as many
	}
	return view
}

// Discard implements Socket.
func (p *Plain) Discard(n int) {
	if n != 0 { // which is all to gnet
		p.conn.gnet.Discard(n)
	}
}

// Write implements Socket.
func (p *Plain) Write(b []byte) error {
	if p.Unsent() == 0 {
		if b = b[writeNow(p.conn.Fd(), b):]; len(b) == 0 {
			return nil
		}
	}
	_, err := p.conn.gnet.Write(b)
	return err
}

// Unsent implements Socket.
func (p *Plain) Unsent() int { return p.conn.gnet.OutboundBuffered() }

// Held implements Socket.
func (p *Plain) Held() int { return p.Buffered() }

// Shut implements Socket.
func (p *Plain) Shut() bool {
	p.conn.Cut()
	return true
}

// Closed implements Socket.
func (*Plain) Closed() {}

// Conn implements Socket.
func (p *Plain) Conn() Conn { return p.conn }
