// Proved by TestBatchThatMakesWayIsScannedByParts, TestBatchThatMakesWayIsNotCopiedAgain and TestRefusedJoinLeavesNothing.

package bayeux

import (
	"bytes"
	"slices"

	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// park keeps what is left of the exchange and asks for what it waits for. Where too much
// waits already it refuses the first message, which false tells: the rest goes on.
func (x *exchange) park(messages []message.Message) (waits bool) {
	s := x.s
	if s.batches.full() {
		advice := ""
		if string(messages[0].Channel) == metaHandshake {
			advice = reply.AdviceFull
		}
		s.joins.end(x.waits.Wanted, s.fanout, x.fx) // which a join has begun
		x.fail(&messages[0], reply.QuestionsFull, advice)
		return false
	}
	last := len(messages) == 1 && len(x.later) == 0
	body := x.rest(messages)
	p := &parked{req: x.req, owner: x.owner, clientID: bytes.Clone(x.clientID), proved: x.proved, alone: x.alone, losses: x.losses,
		carriesEvents: x.carriesEvents, batch: x.batch, connects: x.connects, waits: x.waits.Kind, body: body, later: x.later, replies: x.replies}
	x.replies = nil
	if q := x.waits.Question; q != nil {
		*q = q.clone()
	}
	p.wanted = x.waits.Wanted
	ticket := s.batches.add(p)
	if stored := x.waits.Event != "" && last; x.req.Type == WebSocket && !stored {
		s.backlogs.begin(x.req.To, ticket)
	}
	if r := s.sessions.find(x.owner); r != nil {
		s.at(x.slot, r).await(x.now) // its client has been heard of
	}
	x.waits.To, x.waits.Ticket = x.req.To, ticket
	x.fx.add(x.waits, x.fx.begin())
	return true
}

// goOn goes on with what was parked. The interest of the subscriptions that waited ends with it, however it ends.
func (x *exchange) goOn(p *parked) {
	defer x.s.joins.end(p.wanted, x.s.fanout, x.fx)
	if p.events != nil {
		eventStream{x, p.events, p.from, p.greeted}.goOn()
	} else if messages, ok := x.scan(p.body); ok {
		x.run(messages)
	}
}

// scannedTogether is how many messages of a batch that waits are scanned at once. A batch
// may wait with each of its messages, and what is left must not be scanned as often.
const scannedTogether = 32

// rest is the messages that are left as a JSON array: a copy, which leaves those for later
// that are not scanned together with them, or, if they were parked before, the end of that
// copy.
func (x *exchange) rest(messages []message.Message) []byte {
	if x.joined != nil {
		start := cap(x.joined) - cap(messages[0].Raw) // one array has both
		body := x.joined[start-1:]
		body[0] = '[' // it was one, or a comma
		return body
	}
	first := messages[:min(scannedTogether, len(messages))]
	for part := range slices.Chunk(messages[len(first):], scannedTogether) {
		x.later = append(x.later, joinRaw(part))
	}
	return joinRaw(first)
}

// scan reads parked messages. It closes the connection if it cannot, which false tells.
func (x *exchange) scan(body []byte) (messages []message.Message, ok bool) {
	x.joined = body
	batch, scanner := &x.s.batches.scratch, x.s.cfg.Scanner
	if err := scanner.Scan(body, batch); err != nil {
		// It was scanned before: only a limit that the joined copy exceeds is left.
		x.forget()
		x.fx.add(Effect{Kind: Close, To: x.req.To}, x.fx.begin())
		return nil, false
	}
	return batch.Messages, true
}
