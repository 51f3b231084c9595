// Proved by TestErrands and TestNodeGoneWithRequests.

package loop

import (
	"slices"

	"halley/bayeux"
	"halley/loop/bus"
)

// errand is what a connection has asked another node for. It is kept until that is answered: if the node goes, the request is
// answered here, as one for a session that nobody knows.
type errand struct {
	nodes   []uint16 // that a websocket has asked since it was opened, or the one that a request is for
	kind    bus.Kind // Batch or Open; of a request
	request bayeux.Request
	body    []byte // likewise
}

// concerns tells whether it needs the node.
func (e *errand) concerns(node uint16) bool { return e != nil && slices.Contains(e.nodes, node) }

// errands are those of a loop's connections, by slot.
type errands struct {
	of    map[uint32]*errand
	bytes int       // that they take
	spare []*errand // to be used again
}

// errandBytes is about what an errand takes beside the text of its request.
const errandBytes = 192

const (
	spareErrands = 256
	spareBody    = 1024
)

// request notes that a connection's request is for a session of a node.
func (s *errands) request(c *conn, node uint16, m *bus.Message) {
	e := s.at(c)
	e.nodes = append(e.nodes[:0], node)
	s.bytes += len(m.Data) - len(e.body)
	e.kind, e.request, e.body = m.Kind, m.Request, append(e.body[:0], m.Data...)
}

// frame notes that a websocket has asked a node for something.
func (s *errands) frame(c *conn, node uint16) {
	if e := s.at(c); !slices.Contains(e.nodes, node) {
		e.nodes = append(e.nodes, node)
	}
}

// at is the errand of a connection, made if there is none.
func (s *errands) at(c *conn) *errand {
	if e := s.of[c.slot]; e != nil {
		return e
	}
	if s.of == nil {
		s.of = make(map[uint32]*errand)
	}
	e := new(errand)
	if n := len(s.spare); n > 0 {
		e, s.spare = s.spare[n-1], s.spare[:n-1]
	}
	s.of[c.slot] = e
	s.bytes += errandBytes
	return e
}

// done notes that a connection waits for no other node any more.
func (s *errands) done(c *conn) {
	e := s.of[c.slot]
	if e == nil {
		return
	}
	s.bytes -= errandBytes + len(e.body)
	if delete(s.of, c.slot); len(s.spare) < spareErrands && cap(e.body) <= spareBody {
		*e = errand{nodes: e.nodes[:0], body: e.body[:0]}
		s.spare = append(s.spare, e)
	}
}

// trim gives back what is kept between two turns.
func (s *errands) trim() { s.of, s.spare = fitted(s.of), nil }
