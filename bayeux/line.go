package bayeux

import (
	"encoding/binary"

	"halley/bayeux/message"
)

// line is the batches that came on a websocket while one before them is parked.
// They are handled in order, as pipelined requests are. A held connect is not
// parked, nor is a batch of which only the news is left that it is stored.
type line struct {
	behind   Ticket    // what they wait for
	batches  []byte    // each a JSON array, with its length before it
	sessions []Address // that they are for, which do not expire meanwhile; each may stand there again
	full     bool      // more came than may wait: its websocket is closed
}

// lineUp has the next batches of a websocket wait for ticket.
func (s *Server) lineUp(to ReplyTo, ticket Ticket) {
	l := s.lines[to]
	if l == nil {
		l = new(line)
		s.lines[to] = l
	}
	l.behind = ticket
}

// queueUp puts a batch at the end of l.
func (s *Server) queueUp(l *line, req Request, messages []message.Message, fx *Effects) {
	if l.full {
		return
	}
	body := joinRaw(messages)
	if len(l.batches)+len(body) > s.cfg.MaxAhead {
		l.full, l.batches = true, nil
		fx.add(Effect{Kind: Close, To: req.To}, fx.begin())
		return
	}
	l.batches = append(binary.LittleEndian.AppendUint32(l.batches, uint32(len(body))), body...)
	if len(messages) == 0 {
		return
	}
	slot, r := s.lookup(messages[0].ClientID)
	if r == nil {
		return
	}
	if n, a := len(l.sessions), s.address(slot, r); n == 0 || l.sessions[n-1] != a {
		l.sessions = append(l.sessions, a)
		r.lined++
	}
}

// next takes the first batch off l, nil if there is none.
func (l *line) next() (body []byte) {
	if len(l.batches) == 0 {
		return nil
	}
	n := binary.LittleEndian.Uint32(l.batches)
	body, l.batches = l.batches[4:4+n], l.batches[4+n:]
	return body
}

// moveUp goes on with the line of a websocket, now that what it waited for is done.
func (s *Server) moveUp(now int64, req Request, l *line, fx *Effects) {
	for l.behind == 0 {
		body := l.next()
		if body == nil {
			s.endLine(now, req.To, l, fx)
			return
		}
		var batch message.Batch
		scanner := s.cfg.Scanner
		if scanner.Scan(body, &batch) != nil { // it was scanned before
			fx.add(Effect{Kind: Close, To: req.To}, fx.begin())
			continue
		}
		s.handle(now, req, batch.Messages, fx)
	}
}

// Waits tells whether a batch of that websocket waits, and with it what comes next.
func (s *Server) Waits(to ReplyTo) bool { return s.lines[to] != nil }

// endLine forgets a line, whose sessions expire again.
func (s *Server) endLine(now int64, to ReplyTo, l *line, fx *Effects) {
	delete(s.lines, to)
	fx.add(Effect{Kind: CaughtUp, To: to}, fx.begin())
	for _, a := range l.sessions {
		if r := s.sessions.find(a); r != nil {
			r.lined--
			s.await(now, a.Slot, r)
		}
	}
}
