package client

import (
	"fmt"
	"time"

	"halley/bench/wire"
)

// streamOpened goes on when the response has begun that will bring the messages, or the
// connection has become a websocket.
func (f *Fleet) streamOpened(fd int, st *wire.Stream, now int64) {
	c := &f.loop.conns[fd]
	c.stream, c.sentAt = st, now
	switch st.Style {
	case wire.WebSocket:
		f.send(fd)
	case wire.EventSource, wire.Events:
		f.live(int(c.owner), now)
	}
}

// live notes that messages will come by the stream from now on. The streams of a connect
// say so by its reply, an event-stream by being there.
func (f *Fleet) live(i int, now int64) {
	s := &f.sessions[i]
	s.failures = 0
	switch {
	case f.role(i) == subscriber:
		f.held(i, now)
	case f.style(i) == wire.Events:
		s.phase = leaving
		f.churnDone(i, now)
	default:
		s.phase = leaving
		f.ask(i, disconnect)
	}
}

// receiveStream takes a chunk or a frame off the front of in and handles what is complete
// with it.
func (f *Fleet) receiveStream(fd int, in []byte, now int64) (n int, err error) {
	c := &f.loop.conns[fd]
	st := c.stream
	n, ended, err := st.Take(in)
	if err != nil || n == 0 {
		return n, err
	}
	c.sentAt = now
	var p wire.Piece
	for st.Next(&p) {
		f.piece(fd, &p, now)
		if f.loop.conns[fd].stream != st {
			return n, nil
		}
	}
	if err := st.Err(); err != nil {
		return n, err
	}
	if ended {
		f.streamEnded(fd)
	}
	return n, nil
}

func (f *Fleet) piece(fd int, p *wire.Piece, now int64) {
	c := &f.loop.conns[fd]
	i := int(c.owner)
	switch {
	case p.Ping != nil:
		f.loop.write(fd, wire.AppendFrame(nil, wire.OpPong, f.mask(i), p.Ping))
	case p.Closing:
		f.loop.write(fd, wire.AppendFrame(nil, wire.OpClose, f.mask(i), nil))
		if f.sessions[i].phase != leaving {
			f.fault(&f.tally.Faults.Closed, fmt.Sprintf("websocket closed by the server with code %d", p.Code))
		}
		f.lose(fd)
	case c.stream.Style == wire.WebSocket:
		f.socketMessages(fd, p.Messages, now)
	default:
		f.streamMessages(fd, p, now)
	}
}

// socketMessages books events, which end no request, and goes on when a reply is among them.
func (f *Fleet) socketMessages(fd int, body []byte, now int64) {
	c := &f.loop.conns[fd]
	i, what := int(c.owner), c.busy
	o := outcome{advice: wire.Advice{Interval: -1}}
	if err := f.scan(i, what, body, now, &o); err != nil {
		f.fault(&f.tally.Faults.Protocol, err.Error())
		f.lose(fd)
		return
	}
	if o.answered {
		c.busy = none
		f.advance(i, what, o, now)
	}
}

// streamMessages books events and obeys what the server says about the connect that the
// stream answers.
func (f *Fleet) streamMessages(fd int, p *wire.Piece, now int64) {
	i := int(f.loop.conns[fd].owner)
	s := &f.sessions[i]
	o := outcome{advice: wire.Advice{Interval: -1}}
	if err := f.scanPiece(i, p, now, &o); err != nil {
		f.fault(&f.tally.Faults.Protocol, err.Error())
		f.lose(fd)
		return
	}
	if !o.answered || f.style(i) == wire.Events {
		return
	}
	if !o.successful {
		f.detach(fd)
		f.setback(i, stream, o)
		return
	}
	if o.advice.Interval >= 0 && f.style(i) != wire.EventSource { // whose interval is that of the heartbeat
		s.interval = int32(min(o.advice.Interval, int64(time.Hour/time.Millisecond)))
	}
	if s.phase == connecting {
		f.tally.Cycles++
		f.live(i, now)
	}
}

// scanPiece scans the messages of a piece, and counts the gap that an event-stream may
// tell of by the name of the event alone.
func (f *Fleet) scanPiece(i int, p *wire.Piece, now int64, o *outcome) error {
	before := f.tally.Gaps
	if p.Messages != nil {
		if err := f.scan(i, stream, p.Messages, now, o); err != nil {
			return err
		}
	}
	if p.Gap && f.tally.Gaps == before {
		f.tally.Gaps++
	}
	return nil
}

// streamEnded opens the next stream when the server has ended one in good order, as soon
// as it has asked for: by the retry field of an event-stream or by the advised interval.
func (f *Fleet) streamEnded(fd int) {
	c := &f.loop.conns[fd]
	i, st := int(c.owner), c.stream
	if c.busy, c.stream = none, nil; st.LastID != "" {
		f.sessions[i].lastID = st.LastID
	}
	if st.Close {
		f.detach(fd)
	}
	if f.sessions[i].phase == leaving {
		return
	}
	f.tally.Rolled++
	if st.Retry < 0 && f.style(i) != wire.EventSource {
		st.Retry = int64(f.sessions[i].interval)
	}
	f.reopen(i, max(st.Retry, 0))
}

// reopen asks for the next stream after a pause in milliseconds.
func (f *Fleet) reopen(i int, pause int64) {
	f.unhold(i)
	f.sessions[i].phase = connecting
	if pause == 0 {
		f.ask(i, stream)
		return
	}
	f.later(i, time.Duration(pause)*time.Millisecond)
}

// unstreamed deals with an ordinary response to a connect that asked for a stream: a
// server that is about to go answers so, with an interval.
func (f *Fleet) unstreamed(i int) {
	s := &f.sessions[i]
	f.tally.Cycles++
	if s.interval == 0 {
		f.fault(&f.tally.Faults.Protocol, fmt.Sprintf("a connect of type %v was answered without a stream", f.style(i)))
		f.unhold(i)
		f.retryLater(i)
		return
	}
	f.reopen(i, int64(s.interval))
}

func (f *Fleet) beatLater(i int, pause time.Duration) {
	s := &f.sessions[i]
	s.beatAt = f.clock.Now() + int64(max(pause, time.Second))
	f.timers.add(timer{due: s.beatAt, session: int32(i), beat: true})
}
