package loop

// Proved by TestPipelining, TestErrorAfterPipeline, TestFloodBehindHeldPoll, TestDeadlinesOfTricklers and TestSealedEnds.

// serve works on a connection's input. A panic closes that connection.
func (in *input) serve(c *conn) {
	gen := c.gen
	in.serving = c
	defer func() {
		in.serving = nil
		if cause := recover(); cause != nil {
			in.panicked("request", cause)
			if c.gen == gen {
				in.abort(c)
			}
		}
	}()
	if c.socket != nil && c.phase == introducing && !in.introducer.introduce(c) {
		return
	}
	var ends error
	if c.socket != nil {
		ends = c.socket.Receive()
	}
	if !c.is(gen) {
		return
	}
	if len(in.output.slow) > 0 {
		in.output.lookAgain(c.slot) // who sends more may have read what was sent to it
	}
	in.process(c)
	if ends != nil && c.is(gen) {
		in.encryption.ended(c, ends)
	}
}

// process works on a connection's input until it has to wait.
func (in *input) process(c *conn) {
	for in.step(c) && !in.rests(c) {
	}
	if c.socket != nil {
		in.weigh(c)
	}
}

// step handles the next request and tells whether another may follow at once: not before this one is
// answered (RFC 9112, 9.3.2 MUST pipelined-order), nor after the last (RFC 9112, 9.6 MUST after-close).
func (in *input) step(c *conn) bool {
	if c.socket == nil {
		return false
	}
	switch c.phase {
	case reading:
		return in.readHead(c)
	case body:
		return in.readBody(c)
	case upgraded:
		return in.readFrames(c)
	case closing, lingering:
		c.socket.Discard(-1)
		return false
	}
	in.boundAhead(c)
	return false
}

// expire is timeout, of which a panic closes the connection.
func (in *input) expire(c *conn) {
	gen := c.gen
	defer func() {
		if cause := recover(); cause != nil {
			in.panicked("deadline", cause)
			if c.gen == gen {
				in.abort(c)
			}
		}
	}()
	in.timeout(c)
}

// timeout acts on a connection's deadline.
func (in *input) timeout(c *conn) {
	if c.socket == nil {
		return
	}
	switch c.phase {
	case introducing:
		in.refused(noProxyHeader, in.peer(c))
		in.abort(c)
	case reading:
		if c.bytes > 0 {
			in.refused(tooLate, in.peer(c))
			in.reject(c, 408, "the header block took too long")
			return
		}
		in.encryption.late(c)
	case body:
		in.refused(tooLate, in.peer(c))
		in.reject(c, 408, "the body took too long")
	case streaming, upgraded:
		in.output.beat(c)
	case closing, lingering:
		in.abort(c)
	}
}
