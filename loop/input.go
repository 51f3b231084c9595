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
	paused   map[uint32]bool // websockets that are not read from, or have not been until they were closed, by slot
	inflater inflater
	mover    *mover

	introducer introducer
	encryption encryption

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

// boundAhead closes a connection whose client sends too much ahead of its reply:
// gnet cannot pause reading, so what comes is kept, and must stay small.
func (in *input) boundAhead(c *conn) {
	if c.socket.Buffered() > in.shared.ahead() {
		in.counters.Floods++
		in.refused(tooFarAhead, in.peer(c))
		in.abort(c)
	}
}

// closed lets go of what has come of a connection.
func (in *input) closed(c *conn) {
	c.socket.Closed()
	delete(in.bodies, c.slot)
	delete(in.paused, c.slot)
	in.waiting.set(c.slot, 0)
}

// trim gives back what is kept between two turns.
func (in *input) trim() {
	in.waiting.of, in.paused = fitted(in.waiting.of), fitted(in.paused)
	in.encryption.trim()
}

// reject answers with an error status and its reason, and closes.
func (in *input) reject(c *conn, status int, reason string) {
	c.set(persistent, false)
	c.socket.Discard(-1)
	delete(in.bodies, c.slot)
	in.output.fail(c, status, reason)
}

// waitingInput is how many bytes of input wait of a loop's connections. Of most none do.
type waitingInput struct {
	all int
	of  map[uint32]int // by slot, where any do
}

// set notes that n bytes of the connection at slot wait, and tells how many more these are than before.
func (w *waitingInput) set(slot uint32, n int) (more int) {
	before := w.of[slot]
	switch {
	case n > 0:
		w.of[slot] = n
	case before > 0:
		delete(w.of, slot)
	}
	w.all += n - before
	return n - before
}
