package client

import "halley/bench/wire"

// ask sends a request over the session's connection that carries its kind, dialling if need be.
func (c *clients) ask(s *session, what request) {
	fd := s.line(what)
	if *fd >= 0 {
		c.loop.conns[*fd].busy = what
		c.send(*fd)
		return
	}
	to := c.targets.of(s.index, what).address
	if s.kind.role == stalled {
		to.buffer = smallBuffer
	}
	dialled, err := c.loop.dial(to, s.index, what)
	if err != nil {
		c.fault(&c.accounts.tally.Faults.Dial, err.Error())
		c.failed(s, what)
		return
	}
	*fd = dialled
	c.accounts.tally.Open++
}

// send writes the request that the connection is busy with.
func (c *clients) send(fd int) {
	socket := &c.loop.conns[fd]
	s, now := &c.sessions[socket.owner], c.clock.Now()
	socket.sentAt = now
	if socket.busy == publish {
		c.batch, s.id = c.out.take(c.batch[:0], c.queue(s), s.clientID, s.id, now)
		c.scratch = c.encoder.appendPublish(c.scratch[:0], s, c.batch)
	} else {
		c.scratch = c.encoder.appendRequest(c.scratch[:0], s, socket.busy, socket.stream != nil)
	}
	c.loop.write(fd, c.scratch)
	switch {
	case s.kind.role == stalled:
		c.stall(fd)
	case s.kind.style == wire.Polls && s.phase == connecting: // nothing answers before the first message
		c.carry(s, s.live(), now)
	}
}

// stall ends the reading when the last request of a stalled reader is on its way: the
// stream's, or the connect after which a websocket is pushed to.
func (c *clients) stall(fd int) {
	socket := &c.loop.conns[fd]
	if socket.busy != stream && (socket.busy != firstConnect || socket.stream == nil) {
		return
	}
	socket.busy = none
	c.sessions[socket.owner].phase = dead
	c.loop.mute(fd)
	c.accounts.tally.Stalled++
}

// lose closes a connection and lets its session carry on without it. What a publisher
// had sent over it may or may not have arrived.
func (c *clients) lose(fd int) {
	socket := &c.loop.conns[fd]
	s, what, sent := &c.sessions[socket.owner], socket.busy, socket.phase == open
	c.detach(fd)
	if what == publish && sent {
		c.out.lose(c.queue(s))
	}
	if what != none {
		c.failed(s, what)
	}
}

// detach closes a connection and takes it out of its session.
func (c *clients) detach(fd int) {
	socket := &c.loop.conns[fd]
	s := &c.sessions[socket.owner]
	if socket.stream != nil && socket.stream.LastID != "" {
		s.lastID = socket.stream.LastID
	}
	if s.poll == fd {
		s.poll = -1
	}
	if s.other == fd {
		s.other = -1
	}
	c.accounts.tally.Open--
	c.loop.close(fd)
}

// hangUp closes all of a session's connections.
func (c *clients) hangUp(s *session) {
	if s.poll >= 0 {
		c.detach(s.poll)
	}
	if s.other >= 0 {
		c.detach(s.other)
	}
}

// fault counts a fault of a kind, which is a field of the tally's.
func (c *clients) fault(kind *int64, text string) { c.accounts.tally.Faults.note(kind, text) }
