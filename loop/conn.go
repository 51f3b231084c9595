package loop

import (
	"slices"

	"halley/bayeux"
	"halley/bayeux/slab"
	"halley/httpparse/websocket"
	"halley/loop/bus"
	"halley/loop/front"
	"halley/loop/socket"
)

// phase says what a connection is waiting for.
type phase uint8

const (
	reading     phase = iota // for a request, or the rest of its head
	introducing              // for the header by which a proxy says whose it is
	body                     // for the rest of a request's body
	answering                // for its request's reply, here or on another loop
	holding                  // for events: its request is a held /meta/connect
	streaming                // for events: its response is a stream
	upgraded                 // for frames and events: it is a websocket
	closing                  // for its output to drain, to be closed then
	lingering                // for the peer to close, its own half is closed
)

// traits are what is known of a connection and its current request, a bit each.
type traits uint8

const (
	persistent traits = 1 << iota // the connection outlives the current reply
	oldHTTP                       // the client speaks HTTP/1.0
	headOnly                      // the reply has no body (HEAD)
	cookieless                    // cookies of the request do not tell who sends it
	counted                       // it counts for its address, as long as it lives
	delivered                     // the last reply had events, and no request came since
	settled                       // it has moved to another loop, and moves no more
	leaving                       // it ends with its next reply, for its client to go to a successor
)

// conn is one TCP connection. It is touched only by its loop, and its socket only
// through it: after OnClose that one may be another client's.
type conn struct {
	socket socket.Socket // nil once closed
	plain  socket.Plain  // what socket is, or what is below it
	// callback is the function that the reply calls, of callback-polling; nil where the
	// reply is JSON.
	callback *string
	stream   *stream // in the phases streaming and upgraded
	held     bayeux.Address
	slot     uint32
	gen      uint32
	serial   uint32 // number of the current request, from 1 on
	bytes    uint32 // of its head that were looked at before, while reading; that it has in all, while its body comes
	names    names
	phase    phase
	traits   traits
}

// names are two numbers: of the origin that the current reply names, and of the listener by which the connection came.
type names uint16

// originBits are those of the origin.
const originBits = 10

// origin is what the current reply names.
func (n names) origin() front.Origin { return front.Origin(n & (1<<originBits - 1)) }

// listener is the number in shared.listeners.
func (n names) listener() int { return int(n >> originBits) }

// with is n with another origin.
func (n names) with(o front.Origin) names { return n>>originBits<<originBits | names(o) }

// cameBy are the names of a connection that came by a listener.
func cameBy(listener int) names { return names(listener) << originBits }

// has tells whether the connection has a trait.
func (c *conn) has(t traits) bool { return c.traits&t != 0 }

// set gives the connection some traits, or takes them from it.
func (c *conn) set(t traits, on bool) {
	if on {
		c.traits |= t
	} else {
		c.traits &^= t
	}
}

// conns are the connections of a loop, by slot.
type conns struct{ slab.Slab[conn] }

func (s *conns) take(plain socket.Plain) *conn {
	c, slot, gen := s.Take()
	c.plain, c.slot, c.gen, c.serial = plain, slot, gen, 1 // so that no request is the zero ReplyTo
	c.socket = &c.plain
	return c
}

// is tells whether the record is still that of the connection with that
// generation: after a write it may have closed.
func (c *conn) is(gen uint32) bool { return c.socket != nil && c.gen == gen }

// find returns the connection whose current request is to, nil if it is gone or
// has been answered.
func (s *conns) find(to bayeux.ReplyTo) *conn {
	c := s.Find(to.Conn, to.Gen)
	if c == nil || c.serial != to.Serial {
		return nil
	}
	switch c.phase {
	case answering, holding, streaming, upgraded:
		return c
	}
	return nil
}

// waitsAbroad tells whether the connection waits for a session of another node than its own, by a held connect or a stream.
func (c *conn) waitsAbroad(node uint16) bool {
	return (c.phase == holding || c.phase == streaming) && c.held.Node != node
}

// replyTo names the current request of a connection of the loop at home.
func (c *conn) replyTo(home bayeux.Place) bayeux.ReplyTo {
	return bayeux.ReplyTo{Node: home.Node, Loop: home.Loop, Conn: c.slot, Gen: c.gen, Serial: c.serial}
}

// stream is what a connection has beside its record while its response is a
// stream or it is a websocket. There are as many as idle clients, so one small
// record serves both.
type stream struct {
	since  int64  // when the response began, or a websocket's last message; milliseconds
	source uint64 // whom a websocket's handshakes come from
	sent   uint32 // bytes of the response's body
	kind   bayeux.ConnectionType

	chunked bool // HTTP/1.1: the connection outlives the stream
	endless bool // it never rolls over: nobody would come back for what was missed
	deflate bool // a websocket's messages may be compressed
	paused  bool // a websocket is not read from, because of the server

	caller   *bayeux.Caller       // of a websocket, by its upgrade; nil without an authority
	flow     *bus.Flow            // of a websocket whose batches go to other loops, or had to wait
	message  *websocket.Assembler // of a websocket's message that has come in part, if there is one
	sessions []bayeux.Address     // whose events go to a websocket
}

// leave notes that a session's events go elsewhere.
func (s *stream) leave(session bayeux.Address) {
	if i := slices.Index(s.sessions, session); i >= 0 {
		s.sessions = slices.Delete(s.sessions, i, i+1)
	}
}

// flows returns the websocket's flow, made when it is first needed.
func (s *stream) flows() *bus.Flow {
	if s.flow == nil {
		s.flow = new(bus.Flow)
	}
	return s.flow
}
