package loop

import (
	"halley/httpparse"
	"halley/loop/front"
)

// serve works on a connection's input. A panic closes that connection.
func (r *reactor) serve(c *conn) {
	gen := c.gen
	r.serving = c
	defer func() {
		r.serving = nil
		if cause := recover(); cause != nil {
			r.panicked("request", cause)
			if c.gen == gen {
				r.abort(c)
			}
		}
	}()
	if c.socket != nil && c.socket.Receive() != nil {
		r.abort(c)
		return
	}
	if len(r.slow) > 0 {
		r.lookAgain(c.slot) // who sends more may have read what was sent to it
	}
	r.process(c)
}

// process works on a connection's input until it has to wait.
func (r *reactor) process(c *conn) {
	for r.step(c) && !r.rests(c) {
	}
	if c.socket != nil {
		r.weigh(c)
	}
}

// step handles the next request and tells whether another may follow at once: not before this one is
// answered (RFC 9112, 9.3.2 MUST pipelined-order), nor after the last (RFC 9112, 9.6 MUST after-close).
func (r *reactor) step(c *conn) bool {
	if c.socket == nil {
		return false
	}
	switch c.phase {
	case reading:
		return r.readHead(c)
	case body:
		return r.readBody(c)
	case upgraded:
		return r.readFrames(c)
	case closing, lingering:
		c.socket.Discard(-1)
		return false
	}
	r.boundAhead(c)
	return false
}

// boundAhead closes a connection whose client sends too much ahead of its reply:
// gnet cannot pause reading, so what comes is kept, and must stay small.
func (r *reactor) boundAhead(c *conn) {
	if c.socket.Buffered() > r.server.ahead() {
		r.counters.Floods++
		r.abort(c)
	}
}

// readHead looks for a whole header block.
func (r *reactor) readHead(c *conn) bool {
	if c.socket.Buffered() == 0 {
		return false
	}
	if _, slow := r.slow[c.slot]; slow {
		r.boundAhead(c) // the next request waits until the last reply has left
		return false
	}
	buf := c.socket.Peek(-1)
	n, err := r.server.cfg.Input.Parse(&r.request, buf, int(c.bytes))
	if err != nil {
		r.refuse(c, err)
		return false
	}
	if n == 0 {
		if c.bytes == 0 {
			r.wheel.Set(c.slot, r.now()+r.server.cfg.HeaderTimeout.Milliseconds())
		}
		c.bytes = uint32(len(buf))
		return false
	}
	return r.begin(c, buf, n)
}

// refuse answers a request that is not HTTP as it should be.
func (r *reactor) refuse(c *conn, err error) {
	kind := err.(httpparse.Error).Kind
	r.counters.ParseErrors[kind]++
	r.reject(c, kind.Status(), kind.String())
}

// begin starts on the request whose head is the first n bytes of buf.
func (r *reactor) begin(c *conn, buf []byte, n int) bool {
	q := &r.request
	c.bytes, c.traits = 0, 0
	c.set(persistent, q.KeepAlive)
	c.set(oldHTTP, q.Minor == 0)
	c.set(headOnly, q.Method == httpparse.MethodHEAD)
	d := r.server.front.Route(q)
	c.origin = d.Origin
	if d.NotAdmitted {
		r.notAdmitted(q)
	}
	if d.Refusal.Status != 0 {
		return r.turnDown(c, n, &d.Refusal)
	}
	switch {
	case q.Chunked:
		r.bodies[c.slot] = newChunkedBody(buf[:n], r.server.cfg.MaxMessage)
		c.socket.Discard(n)
	case q.ContentLength > 0 && len(buf)-n < int(q.ContentLength):
		c.bytes = uint32(n) + uint32(q.ContentLength)
	default:
		length := max(q.ContentLength, 0)
		return r.run(c, &d, buf[n:n+int(length)], n+int(length))
	}
	c.phase = body
	r.wheel.Set(c.slot, r.now()+r.server.cfg.BodyTimeout.Milliseconds())
	if q.ExpectContinue && !r.proceed(c) {
		return false
	}
	return r.readBody(c)
}

// turnDown answers a request that is refused by its head alone, which has n bytes.
func (r *reactor) turnDown(c *conn, n int, why *front.Refusal) bool {
	gen := c.gen
	if c.phase = answering; why.Closes {
		c.set(persistent, false)
		c.socket.Discard(-1)
	}
	r.counters.HTTPErrors++
	r.respond(c, response{status: why.Status, contentType: plainText, body: []byte(why.Text), fields: why.Fields})
	if !c.is(gen) || why.Closes {
		return false
	}
	c.socket.Discard(n)
	return true
}

// readBody looks for the rest of a body.
func (r *reactor) readBody(c *conn) bool {
	if b := r.bodies[c.slot]; b != nil {
		return r.readChunks(c, b)
	}
	if c.socket.Buffered() < int(c.bytes) {
		return false
	}
	buf := c.socket.Peek(int(c.bytes))
	n, err := r.server.cfg.Input.Parse(&r.request, buf, 0)
	if err != nil || n == 0 {
		r.reject(c, 400, "") // it parsed before
		return false
	}
	return r.runLater(c, buf[n:], len(buf))
}

// readChunks decodes what has come of a chunked body.
func (r *reactor) readChunks(c *conn, b *chunkedBody) bool {
	if c.socket.Buffered() == 0 {
		return false
	}
	buf := c.socket.Peek(-1)
	n, done, err := b.decode(buf)
	if err != nil {
		r.refuse(c, err)
		return false
	}
	if n > 0 {
		c.socket.Discard(n)
	}
	if !done {
		return false
	}
	delete(r.bodies, c.slot)
	if n, err := r.server.cfg.Input.Parse(&r.request, b.head, 0); err != nil || n == 0 {
		r.reject(c, 400, "") // it parsed before
		return false
	}
	return r.runLater(c, b.data, 0)
}

// runLater runs a request whose body came after its head, which was parsed again.
func (r *reactor) runLater(c *conn, data []byte, size int) bool {
	d := r.server.front.Route(&r.request)
	return r.run(c, &d, data, size)
}

// run hands a whole request to its handler, then drops its size bytes of input.
func (r *reactor) run(c *conn, d *front.Decision, data []byte, size int) bool {
	gen := c.gen
	c.phase = answering
	r.counters.Requests++
	r.counters.BytesIn += uint64(size)
	r.dispatch(c, d, &r.request, data)
	if !c.is(gen) {
		return false
	}
	if size > 0 {
		c.socket.Discard(size)
	}
	return true
}

// reject answers with an error status and its reason, and closes.
func (r *reactor) reject(c *conn, status int, reason string) {
	c.set(persistent, false)
	c.socket.Discard(-1)
	delete(r.bodies, c.slot)
	r.fail(c, status, reason)
}

// timeout acts on a connection's deadline.
func (r *reactor) timeout(c *conn) {
	if c.socket == nil {
		return
	}
	switch c.phase {
	case reading:
		if c.bytes > 0 {
			r.reject(c, 408, "the header block took too long")
			return
		}
		r.abort(c)
	case body:
		r.reject(c, 408, "the body took too long")
	case streaming, upgraded:
		r.beat(c)
	case closing, lingering:
		r.abort(c)
	}
}
