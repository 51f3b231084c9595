package loop

// Proved by TestPipelining, TestErrorAfterPipeline, TestFloodBehindHeldPoll, TestDeadlinesOfTricklers and TestSealedEnds.

import (
	"halley/httpparse"
	"halley/httpparse/websocket"
	"halley/loop/front"
	"halley/loop/socket"
)

// input reads from the connections of a loop, and hands whole requests and messages on.
type input struct {
	*common
	output   *output
	handler  handler
	work     work
	poller   socket.Poller // of the loop
	bodies   map[uint32]*chunkedBody
	waiting  waitingInput
	inflater inflater

	// Valid while one request or frame is read.
	request   httpparse.Request
	decision  front.Decision // of request
	assembler websocket.Assembler
}

// handler does what requests and messages ask for. What it is given is valid during the call.
type handler interface {
	// dispatch handles a whole request, whose body is data.
	dispatch(c *conn, d *front.Decision, q *httpparse.Request, data []byte)
	// submitFrame handles the text of a websocket's message.
	submitFrame(c *conn, text []byte)
	// notAdmitted notes a request from a page that may not send it.
	notAdmitted(q *httpparse.Request)
}

// work counts what a turn does, and tells whether that is enough.
type work interface {
	Spend(units int)
	Tired() bool
}

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
	if c.socket != nil && c.socket.Receive() != nil {
		in.abort(c)
		return
	}
	if len(in.output.slow) > 0 {
		in.output.lookAgain(c.slot) // who sends more may have read what was sent to it
	}
	in.process(c)
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

// boundAhead closes a connection whose client sends too much ahead of its reply:
// gnet cannot pause reading, so what comes is kept, and must stay small.
func (in *input) boundAhead(c *conn) {
	if c.socket.Buffered() > in.server.ahead() {
		in.counters.Floods++
		in.abort(c)
	}
}

// closed lets go of what has come of a connection.
func (in *input) closed(c *conn) {
	delete(in.bodies, c.slot)
	in.waiting.set(c.slot, 0)
}

// reject answers with an error status and its reason, and closes.
func (in *input) reject(c *conn, status int, reason string) {
	c.set(persistent, false)
	c.socket.Discard(-1)
	delete(in.bodies, c.slot)
	in.output.fail(c, status, reason)
}

// timeout acts on a connection's deadline.
func (in *input) timeout(c *conn) {
	if c.socket == nil {
		return
	}
	switch c.phase {
	case reading:
		if c.bytes > 0 {
			in.reject(c, 408, "the header block took too long")
			return
		}
		in.abort(c)
	case body:
		in.reject(c, 408, "the body took too long")
	case streaming, upgraded:
		in.output.beat(c)
	case closing, lingering:
		in.abort(c)
	}
}
