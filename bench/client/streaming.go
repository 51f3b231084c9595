package client

import (
	"fmt"

	"halley/bench/wire"
)

// streamOpened goes on when the response has begun that will bring the messages, or the
// connection has become a websocket.
func (c *clients) streamOpened(fd int, st *wire.Stream, now int64) {
	socket := &c.loop.conns[fd]
	socket.stream, socket.sentAt = st, now
	switch st.Style {
	case wire.WebSocket:
		c.send(fd)
	case wire.EventSource, wire.Events, wire.Sockets:
		if st.Style == wire.Sockets && c.encoder.hello != "" {
			c.send(fd)
		}
		s := &c.sessions[socket.owner]
		c.carry(s, s.live(), now)
	}
}

// receiveStream takes a chunk or a frame off the front of in and handles what is complete
// with it.
func (c *clients) receiveStream(fd int, in []byte, now int64) (n int, err error) {
	socket := &c.loop.conns[fd]
	st := socket.stream
	n, ended, err := st.Take(in)
	if err != nil || n == 0 {
		return n, err
	}
	socket.sentAt = now
	var p wire.Piece
	for st.Next(&p) {
		c.piece(fd, &p, now)
		if c.loop.conns[fd].stream != st {
			return n, nil
		}
	}
	if err := st.Err(); err != nil {
		return n, err
	}
	if ended {
		c.streamEnded(fd, now)
	}
	return n, nil
}

func (c *clients) piece(fd int, p *wire.Piece, now int64) {
	socket := &c.loop.conns[fd]
	s := &c.sessions[socket.owner]
	switch {
	case p.Ping != nil:
		c.loop.write(fd, wire.AppendFrame(nil, wire.OpPong, mask(s), p.Ping))
	case p.Closing:
		c.loop.write(fd, wire.AppendFrame(nil, wire.OpClose, mask(s), nil))
		if s.phase != leaving {
			c.fault(&c.accounts.tally.Faults.Closed, fmt.Sprintf("websocket closed by the server with code %d", p.Code))
		}
		c.lose(fd)
	case socket.stream.Style == wire.WebSocket:
		c.socketMessages(fd, p.Messages, now)
	default:
		c.streamMessages(fd, p, now)
	}
}

// socketMessages enters events, which end no request, and goes on when a reply is among them.
func (c *clients) socketMessages(fd int, body []byte, now int64) {
	socket := &c.loop.conns[fd]
	s, what := &c.sessions[socket.owner], socket.busy
	o := outcome{advice: unadvised()}
	if err := c.scan(s, what, body, now, &o); err != nil {
		c.fault(&c.accounts.tally.Faults.Protocol, err.Error())
		c.lose(fd)
		return
	}
	if o.answered {
		socket.busy = none
		c.answered(s, what, &o, now)
	}
}

// streamMessages enters events and obeys what the server says about the connect that the
// stream answers.
func (c *clients) streamMessages(fd int, p *wire.Piece, now int64) {
	s := &c.sessions[c.loop.conns[fd].owner]
	o := outcome{advice: unadvised()}
	if err := c.scanPiece(s, p, now, &o); err != nil {
		c.fault(&c.accounts.tally.Faults.Protocol, err.Error())
		c.lose(fd)
		return
	}
	if !o.answered || s.kind.style.Plain() {
		return
	}
	if !o.successful {
		c.detach(fd)
	}
	c.carry(s, s.streamed(&o), now)
}

// scanPiece scans the messages of a piece, and counts the gap that an event-stream may
// tell of by the name of the event alone.
func (c *clients) scanPiece(s *session, p *wire.Piece, now int64, o *outcome) error {
	before := c.accounts.tally.Gaps
	if p.Messages != nil {
		if err := c.scan(s, stream, p.Messages, now, o); err != nil {
			return err
		}
	}
	if p.Gap && c.accounts.tally.Gaps == before {
		c.accounts.tally.Gaps++
	}
	return nil
}

// streamEnded goes on when the server has ended a stream in good order.
func (c *clients) streamEnded(fd int, now int64) {
	socket := &c.loop.conns[fd]
	s, st := &c.sessions[socket.owner], socket.stream
	if socket.busy, socket.stream = none, nil; st.LastID != "" {
		s.lastID = st.LastID
	}
	if st.Close {
		c.detach(fd)
	}
	c.carry(s, s.ended(st.Retry), now)
}
