package bayeux

import (
	"bytes"

	"halley/bayeux/message"
)

// parked is the rest of a batch that waits for a verdict on its first message.
type parked struct {
	req     Request
	owner   Address
	alone   bool
	body    []byte // the messages left, as a JSON array
	replies []byte // of the messages before them
}

// park copies what is left of the exchange and asks the policy for its verdict.
func (x *exchange) park(messages []message.Message) {
	s := x.s
	if len(s.parked) >= s.cfg.MaxAsks {
		x.fail(&messages[0], errAsksFull, "")
		x.run(messages[1:])
		return
	}
	p := &parked{req: x.req, owner: x.owner, alone: x.alone, body: joinRaw(messages), replies: bytes.Clone(x.replies)}
	q := x.asked
	q.Channel, q.Ext = bytes.Clone(q.Channel), bytes.Clone(q.Ext)
	s.ticket++
	s.parked[s.ticket] = p
	x.fx.add(Effect{Kind: Ask, To: x.req.To, Ticket: s.ticket, Question: &q}, x.fx.begin())
}

// joinRaw copies messages into one JSON array.
func joinRaw(messages []message.Message) []byte {
	body := []byte{'['}
	for i := range messages {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, messages[i].Raw...)
	}
	return append(body, ']')
}

// Resume goes on with the batch that waited for the verdict on ticket. A ticket
// that is not known, or was resumed before, is ignored.
func (s *Server) Resume(now int64, ticket Ticket, verdict Verdict, fx *Effects) {
	p := s.parked[ticket]
	if p == nil {
		return
	}
	delete(s.parked, ticket)
	var batch message.Batch
	scanner := s.cfg.Scanner
	if err := scanner.Scan(p.body, &batch); err != nil {
		// It was scanned before: only a limit that the joined copy exceeds is left.
		fx.add(Effect{Kind: Close, To: p.req.To}, fx.begin())
		return
	}
	x := &s.exchange
	*x = exchange{s: s, fx: fx, req: p.req, now: now, owner: p.owner, slot: p.owner.Slot, verdict: verdict,
		alone: p.alone, replies: append(x.replies[:0], p.replies...)}
	x.clientID = batch.Messages[0].ClientID
	x.run(batch.Messages)
}
