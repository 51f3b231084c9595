package loop

// Proved by TestStatuses, TestByteByByte, TestBodiesInEveryForm, TestContinue and TestErrorAtRequestK.

import (
	"halley/httpparse"
	"halley/loop/front"
	"halley/loop/limits"
)

// readHead looks for a whole header block.
func (in *input) readHead(c *conn) bool {
	if in.mover.rests(c) {
		return false
	}
	if c.socket.Buffered() == 0 {
		return false
	}
	if _, slow := in.output.slow[c.slot]; slow {
		in.boundAhead(c) // the next request waits until the last reply has left
		return false
	}
	buf := c.socket.Peek(-1)
	n, err := in.shared.cfg.Input.Parse(&in.request, buf, int(c.bytes))
	if err != nil {
		in.refuse(c, err)
		return false
	}
	if n == 0 {
		if c.bytes == 0 {
			in.after(c, in.shared.live().HeaderTimeout.Milliseconds())
		}
		c.bytes = uint32(len(buf))
		return false
	}
	return in.begin(c, buf, n)
}

// refuse answers a request that is not HTTP as it should be.
func (in *input) refuse(c *conn, err error) {
	kind := err.(httpparse.Error).Kind
	in.counters.ParseErrors[kind]++
	in.refused(malformed, in.peer(c))
	if log := in.output.log; log.samples() {
		log.fails(c, in.peer(c))
	}
	in.reject(c, kind.Status(), kind.String())
}

// begin starts on the request whose head is the first n bytes of buf.
func (in *input) begin(c *conn, buf []byte, n int) bool {
	q := &in.request
	c.bytes, c.traits = 0, c.traits&(counted|settled)
	c.set(persistent, q.KeepAlive)
	c.set(oldHTTP, q.Minor == 0)
	c.set(headOnly, q.Method == httpparse.MethodHEAD)
	in.decision = in.shared.front.Load().Route(q)
	d := &in.decision
	if d.Endpoint == front.EventSource && in.mover.opens(c, q) {
		return false
	}
	c.names = c.names.with(d.Origin)
	c.set(cookieless, d.Cookieless)
	if log := in.output.log; log.samples() {
		log.begins(c, q, d.Endpoint, in.client(c, q).AddrPort)
	}
	if d.NotAdmitted {
		in.handler.notAdmitted(q)
	}
	why := in.limited(c, q, n)
	if why.Status == 0 {
		why = in.occupies(c, q)
	}
	if why.Status != 0 {
		why.Closes = d.Refusal.Closes || q.Chunked || q.ContentLength > 0
		d.Refusal = why
	}
	if d.Refusal.Status != 0 {
		return in.turnDown(c, n, &d.Refusal)
	}
	switch {
	case q.Chunked:
		in.bodies[c.slot] = newChunkedBody(buf[:n], in.shared.cfg.MaxMessage)
		c.socket.Discard(n)
	case q.ContentLength > 0 && len(buf)-n < int(q.ContentLength):
		c.bytes = uint32(n) + uint32(q.ContentLength)
	default:
		length := max(q.ContentLength, 0)
		return in.run(c, buf[n:n+int(length)], n+int(length))
	}
	c.phase = body
	in.after(c, in.shared.live().BodyTimeout.Milliseconds())
	if q.ExpectContinue && !in.output.proceed(c) {
		return false
	}
	return in.readBody(c)
}

// turnDown answers a request that is refused by its head alone, which has n bytes.
func (in *input) turnDown(c *conn, n int, why *front.Refusal) bool {
	gen := c.gen
	if c.phase = answering; why.Closes {
		c.set(persistent, false)
		c.socket.Discard(-1)
	}
	in.counters.HTTPErrors++
	in.output.respond(c, response{status: why.Status, contentType: plainText, body: []byte(why.Text), fields: why.Fields})
	if !c.is(gen) || why.Closes {
		return false
	}
	c.socket.Discard(n)
	return true
}

// readBody looks for the rest of a body.
func (in *input) readBody(c *conn) bool {
	if b := in.bodies[c.slot]; b != nil {
		return in.readChunks(c, b)
	}
	if c.socket.Buffered() < int(c.bytes) {
		return false
	}
	buf := c.socket.Peek(int(c.bytes))
	n, err := in.shared.cfg.Input.Parse(&in.request, buf, 0)
	if err != nil || n == 0 {
		in.reject(c, 400, "") // it parsed before
		return false
	}
	return in.runLater(c, buf[n:], len(buf))
}

// readChunks decodes what has come of a chunked body.
func (in *input) readChunks(c *conn, b *chunkedBody) bool {
	if c.socket.Buffered() == 0 {
		return false
	}
	buf := c.socket.Peek(-1)
	n, done, err := b.decode(buf)
	if err != nil {
		in.refuse(c, err)
		return false
	}
	if n > 0 {
		in.owes(c, nil, limits.Use{limits.Bytes: n})
		c.socket.Discard(n)
	}
	if !done {
		return false
	}
	delete(in.bodies, c.slot)
	if n, err := in.shared.cfg.Input.Parse(&in.request, b.head, 0); err != nil || n == 0 {
		in.reject(c, 400, "") // it parsed before
		return false
	}
	return in.runLater(c, b.data, 0)
}

// runLater runs a request whose body came after its head, which was parsed again.
func (in *input) runLater(c *conn, data []byte, size int) bool {
	in.decision = in.shared.front.Load().Route(&in.request)
	return in.run(c, data, size)
}

// run hands a whole request, which was decided, to its handler, then drops its size bytes of input.
func (in *input) run(c *conn, data []byte, size int) bool {
	gen := c.gen
	c.phase = answering
	in.counters.Requests++
	in.counters.BytesIn += uint64(size)
	in.handler.dispatch(c, &in.decision, &in.request, data)
	if !c.is(gen) {
		return false
	}
	if size > 0 {
		c.socket.Discard(size)
	}
	return true
}
