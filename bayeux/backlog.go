package bayeux

import "encoding/binary"

// backlog is the batches that came on a websocket while one before them is parked.
// They are handled in order, as pipelined requests are. A held connect is not
// parked, nor is a batch of which only the news is left that it is stored.
type backlog struct {
	waitsFor Ticket    // of the batch before them; 0 none
	batches  []byte    // each a JSON array, with its length before it
	sessions []Address // that they are for, which do not expire meanwhile; each may stand there again
	full     bool      // more came than may wait: its websocket is closed
}

// add puts a batch at the end, unless more than most bytes would wait.
func (l *backlog) add(body []byte, most int) (fits bool) {
	if len(l.batches)+len(body) > most {
		l.full, l.batches = true, nil
		return false
	}
	l.batches = append(binary.LittleEndian.AppendUint32(l.batches, uint32(len(body))), body...)
	return true
}

// next takes the first batch off l, nil if there is none.
func (l *backlog) next() (body []byte) {
	if len(l.batches) == 0 {
		return nil
	}
	n := binary.LittleEndian.Uint32(l.batches)
	body, l.batches = l.batches[4:4+n], l.batches[4+n:]
	return body
}

// backlogs are those of all websockets.
type backlogs struct {
	of map[ReplyTo]*backlog
	in map[Address]int // how often a session stands in them
}

func newBacklogs() backlogs {
	return backlogs{of: make(map[ReplyTo]*backlog), in: make(map[Address]int)}
}

// begin has the next batches of a websocket wait for ticket.
func (b *backlogs) begin(to ReplyTo, ticket Ticket) {
	l := b.of[to]
	if l == nil {
		l = new(backlog)
		b.of[to] = l
	}
	l.waitsFor = ticket
}

// enter notes that the last batch of l is for a session.
func (b *backlogs) enter(l *backlog, a Address) {
	if n := len(l.sessions); n == 0 || l.sessions[n-1] != a {
		l.sessions = append(l.sessions, a)
		b.in[a]++
	}
}

// leave takes back one enter, and tells whether the session stands in another backlog.
func (b *backlogs) leave(a Address) (stays bool) {
	if b.in[a]--; b.in[a] > 0 {
		return true
	}
	delete(b.in, a)
	return false
}
