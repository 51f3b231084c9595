package loop

// Proved by TestTakeOver and TestSuccessorThatDies.

import (
	"errors"
	"fmt"
	"net"

	"halley/loop/handover"
	"halley/loop/sequence"
)

// Predecessor is the server that this one takes over from.
type Predecessor struct {
	conn    *net.UnixConn
	sockets map[string][]net.Listener // by the names that it gives them
	link    *handover.Link
	estate  sequence.Estate
	frozen  chan struct{} // closed when the estate is whole
	gone    chan struct{} // closed when it has gone
	why     error
}

// Meet meets the server at a control socket, if one is there: else it returns nil. It goes on as if nothing had happened,
// until a Server runs that is told of it.
func Meet(control string) (*Predecessor, error) {
	conn, sockets, err := handover.Dial(control)
	if errors.Is(err, handover.ErrNobody) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--control %s: %w", control, err)
	}
	defer handover.CloseAll(sockets)
	p := &Predecessor{conn: conn, sockets: make(map[string][]net.Listener), frozen: make(chan struct{}), gone: make(chan struct{})}
	for _, s := range sockets {
		l, err := net.FileListener(s.File)
		if err != nil {
			p.Close()
			return nil, fmt.Errorf("--control %s: %s: %w", control, s.Name, err)
		}
		p.sockets[s.Name] = append(p.sockets[s.Name], l)
	}
	return p, nil
}

// Take gives away the sockets of that name. A nil Predecessor has none.
func (p *Predecessor) Take(name string) []net.Listener {
	if p == nil {
		return nil
	}
	list := p.sockets[name]
	delete(p.sockets, name)
	return list
}

// Close lets the predecessor go on alone, and closes what nobody has taken.
func (p *Predecessor) Close() {
	if p == nil {
		return
	}
	for _, list := range p.sockets {
		for _, l := range list {
			l.Close()
		}
	}
	p.conn.Close()
}
