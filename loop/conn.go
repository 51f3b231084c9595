package loop

import (
	"github.com/panjf2000/gnet/v2"

	"halley/bayeux"
)

// phase says what a connection is waiting for.
type phase uint8

const (
	reading   phase = iota // for a request, or the rest of its head
	body                   // for the rest of a request's body
	answering              // for its request's reply, here or on another loop
	holding                // for events: its request is a held /meta/connect
	streaming              // for events: its response is a stream
	upgraded               // for frames and events: it is a websocket
	closing                // for its output to drain, to be closed then
	lingering              // for the peer to close, its own half is closed
)

// envelope says how the reply to the current request is wrapped.
type envelope uint8

const (
	envelopeJSON envelope = iota
	envelopeCallback
)

// conn is one TCP connection. It is touched only by its loop, and its gnet
// connection only through it: after OnClose that one may be another client's.
type conn struct {
	socket gnet.Conn // nil once closed
	extra  *extra    // of the current request; nil for most
	stream *stream   // in the phases streaming and upgraded
	held   bayeux.Address
	slot   uint32
	gen    uint32
	serial uint32 // number of the current request
	seen   uint32 // bytes of the head that were looked at before
	need   uint32 // bytes that have to be there before it is worth looking again

	phase     phase
	envelope  envelope
	keepAlive bool // the connection outlives the current reply
	oldHTTP   bool // the client speaks HTTP/1.0
	headOnly  bool // the reply has no body (HEAD)
	inTurn    bool // its input is being processed
	delivered bool // the last reply had events, and no request came since
}

// extra is what few requests need until their reply.
type extra struct {
	callback string // of callback-polling
	origin   string // allowed origin to name in the reply
}

const connChunk = 256

// conns keeps connection records in chunks, so that a record never moves. Freed
// slots are used again under a new generation.
type conns struct {
	chunks []*[connChunk]conn
	free   []uint32
	next   uint32
	count  int
}

func (s *conns) take(socket gnet.Conn) *conn {
	s.count++
	if n := len(s.free); n > 0 {
		c := s.at(s.free[n-1])
		s.free = s.free[:n-1]
		*c = conn{socket: socket, slot: c.slot, gen: c.gen + 1}
		return c
	}
	slot := s.next
	s.next++
	if slot%connChunk == 0 {
		s.chunks = append(s.chunks, new([connChunk]conn))
	}
	c := s.at(slot)
	*c = conn{socket: socket, slot: slot}
	return c
}

func (s *conns) at(slot uint32) *conn {
	return &s.chunks[slot/connChunk][slot%connChunk]
}

// release frees a closed connection's slot.
func (s *conns) release(c *conn) {
	*c = conn{slot: c.slot, gen: c.gen}
	s.free = append(s.free, c.slot)
	s.count--
}

// find returns the connection whose current request is to, nil if it is gone or
// has been answered.
func (s *conns) find(to bayeux.ReplyTo) *conn {
	if to.Conn >= s.next {
		return nil
	}
	c := s.at(to.Conn)
	if c.socket == nil || c.gen != to.Gen || c.serial != to.Serial {
		return nil
	}
	switch c.phase {
	case answering, holding, streaming, upgraded:
		return c
	}
	return nil
}

func (c *conn) replyTo(loop uint16) bayeux.ReplyTo {
	return bayeux.ReplyTo{Loop: loop, Conn: c.slot, Gen: c.gen, Serial: c.serial}
}
