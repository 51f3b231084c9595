package client

import (
	"fmt"
	"time"

	"halley/bench/wire"
)

// opened sends the request for which the connection was dialled.
func (c *clients) opened(fd int) { c.send(fd) }

// received takes the complete responses off the front of in.
func (c *clients) received(fd int, in []byte, now int64) (consumed int) {
	generation := c.loop.conns[fd].generation
	for consumed < len(in) {
		n, err := c.receive(fd, in[consumed:], now)
		alive := c.loop.alive(fd, generation)
		if err != nil && alive {
			c.fault(&c.accounts.tally.Faults.Protocol, err.Error())
			c.lose(fd)
		}
		if err != nil || !alive {
			consumed = len(in)
			break
		}
		if n == 0 {
			break
		}
		consumed += n
	}
	c.accounts.tally.Received += int64(consumed)
	return consumed
}

// receive takes what is complete at the front of in: a response, or a part of a stream.
func (c *clients) receive(fd int, in []byte, now int64) (n int, err error) {
	socket := &c.loop.conns[fd]
	if socket.stream != nil {
		return c.receiveStream(fd, in, now)
	}
	s := &c.sessions[socket.owner]
	if socket.busy == stream || s.kind.style.Upgrades() {
		st, cookie, n, err := wire.Open(s.kind.style, in)
		if err != nil {
			return 0, err
		}
		if st != nil {
			s.keepCookie(cookie)
			c.streamOpened(fd, st, now)
			return n, nil
		}
	}
	r, n, err := wire.Parse(in)
	if err == nil && n > 0 && r.Status >= 200 {
		c.respond(fd, r, now)
	}
	return n, err
}

// respond matches a response with the request that the connection was busy with.
func (c *clients) respond(fd int, r wire.Response, now int64) {
	socket := &c.loop.conns[fd]
	s, what := &c.sessions[socket.owner], socket.busy
	socket.busy, socket.sentAt = none, now
	if what == none {
		c.fault(&c.accounts.tally.Faults.Protocol, "a response without a request")
		return
	}
	s.keepCookie(r.Cookie)
	if r.Close {
		c.detach(fd)
	}
	if r.Status != 200 && !(c.targets.outside(what) && r.Status/100 == 2) {
		c.turnedDown(s, what, r, now)
		return
	}
	o := outcome{advice: unadvised()}
	c.read(s, what, r.Body, now, &o)
	if s.kind.style == wire.Polls && what == connect {
		s.lastID = r.Conditions()
	}
	c.answered(s, what, &o, now)
}

// turnedDown goes on after a response of another status than 200.
func (c *clients) turnedDown(s *session, what request, r wire.Response, now int64) {
	text := fmt.Sprintf("HTTP status %d: %.80q", r.Status, r.Body)
	if r.Status == 404 && what == stream && s.kind.style == wire.EventSource { // it does not know the clientId in the path
		c.carry(s, s.refused(what, &outcome{problem: text, advice: wire.Advice{Reconnect: wire.Handshake}}), now)
		return
	}
	c.fault(&c.accounts.tally.Faults.Status, text)
	if what == publish {
		c.out.refuseAll(c.queue(s))
	}
	c.failed(s, what)
}

// read enters a body's deliveries into the books, and adds what it answers to o.
func (c *clients) read(s *session, what request, body []byte, now int64, o *outcome) {
	if c.targets.outside(what) {
		o.successful = true
		return
	}
	if s.kind.style == wire.CallbackPolling && what != publish {
		var ok bool
		if body, ok = wire.Unwrap(body, wire.Callback); !ok {
			o.problem = fmt.Sprintf("not a call of %s: %.40q", wire.Callback, body)
			return
		}
	}
	if err := c.scan(s, what, body, now, o); err != nil {
		o.successful, o.problem = false, err.Error()
	} else if s.kind.style == wire.Polls {
		o.successful = true
	} else if !o.answered {
		o.problem = fmt.Sprintf("no answer in %.80q", body)
	}
}

// scan goes over a batch that came while a request was under way, and adds replies to o.
func (c *clients) scan(s *session, what request, body []byte, now int64, o *outcome) error {
	e := exchange{what: what, owner: int(s.index), kind: s.kind, id: s.id}
	if what == publish {
		e.id = c.out.lines[c.queue(s)].firstID
	}
	return c.accounts.scan(&e, body, now, o)
}

// broken is called by the loop before it closes a socket that failed.
func (c *clients) broken(fd int, err error) {
	socket, faults := &c.loop.conns[fd], &c.accounts.tally.Faults
	switch {
	case socket.phase == dialing || socket.phase == shaking:
		c.fault(&faults.Dial, err.Error())
	case err == errClosed && socket.stream != nil && socket.stream.EndsByClose():
		c.streamEnded(fd, c.clock.Now())
		return
	case socket.mute:
		c.accounts.tally.Shut++
	case socket.busy != none:
		c.fault(&faults.Closed, err.Error())
	}
	c.lose(fd)
}

// scanForSilence closes connections whose request has waited too long for its answer.
func (c *clients) scanForSilence(now int64) {
	for fd := range c.loop.conns {
		socket, limit := &c.loop.conns[fd], c.timeout
		if socket.busy == connect || socket.busy == stream {
			limit += c.held
		}
		if (socket.phase == open || socket.phase == shaking) && socket.busy != none && now-socket.sentAt > limit {
			c.fault(&c.accounts.tally.Faults.Timeout, fmt.Sprintf("no answer after %v", time.Duration(now-socket.sentAt).Round(time.Second)))
			c.lose(fd)
		}
	}
}
