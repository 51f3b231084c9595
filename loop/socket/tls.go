package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"slices"
)

// TLS is an encrypted Socket: crypto/tls above a plain one. Its handshake is worked out by a goroutine of a Handshakes; as
// long as that is under way nothing can be read or written. From then on the loop alone uses it, within Receive and Write.
type TLS struct {
	plain    *Plain
	conn     *tls.Conn
	wire     wire
	in       []byte // plaintext that was not dropped
	early    []byte // records that had come when the handshake was over
	late     *late  // nil while all that was written has left
	places   *Handshakes
	identity string
	answers  uint8 // records of its own that crypto/tls wrote while output waited
	goodbye  bool  // close_notify was written
}

// late is output that waits.
type late struct {
	waits  Unsent[int] // of ciphertext; a mark is a piece with so many bytes of plaintext
	unsent int         // of plaintext
}

var (
	errEarly   = errors.New("written before the TLS handshake is over")
	errAnswers = errors.New("too many key updates of a peer that does not read")
)

const (
	// pieceMost is how much plaintext leaves as one piece, as far as Unsent knows: a record.
	pieceMost = 16 << 10
	// maxAnswers bounds the answers to key updates that wait: they are no plaintext, so the loop does not know of them.
	maxAnswers = 16
	// AlertBusy is the alert internal_error (RFC 8446, 6.2), for clients whose handshake is not begun.
	AlertBusy = "\x15\x03\x01\x00\x02\x02\x50"
)

// Receive implements Socket. It decrypts all records that have come whole; of others nothing is taken in.
func (t *TLS) Receive() error {
	if t.wire.shaking != nil {
		return t.shake()
	}
	if len(t.early) > 0 {
		return t.receiveEarly()
	}
	if t.plain.Buffered() == 0 {
		return nil
	}
	view := t.plain.Peek(-1)
	n := wholeRecords(view)
	if n == 0 {
		return nil
	}
	err := t.open(view[:n])
	if err == nil {
		t.plain.Discard(n)
	}
	return err
}

// receiveEarly takes in what came during the handshake, and what has come behind that.
func (t *TLS) receiveEarly() error {
	if t.plain.Buffered() > 0 {
		t.early = append(t.early, t.plain.Peek(-1)...)
		t.plain.Discard(-1)
	}
	n := wholeRecords(t.early)
	if n == 0 {
		return nil
	}
	records := t.early[:n]
	if t.early = t.early[n:]; len(t.early) == 0 {
		t.early = nil
	}
	return t.open(records)
}

// open decrypts whole records, and sends what crypto/tls answers to those that are its own.
func (t *TLS) open(records []byte) error {
	s := t.wire.scratch
	opened := t.room(len(records))
	s.records, s.left, s.out = records, 0, s.out[:0]
	s.lent.lend(t.conn)
	var err error
	for len(s.records) > 0 && err == nil {
		var n int
		n, err = t.conn.Read(opened[len(opened):cap(opened)])
		opened = opened[:len(opened)+n]
	}
	s.lent.takeBack(t.conn)
	s.records = nil
	if t.in = opened; len(opened) == 0 {
		t.Discard(-1)
	}
	if err == errWait {
		err = nil
	}
	if err == io.EOF {
		t.conn.CloseWrite() // an answer to the client's goodbye
	}
	if failed := t.answer(); err == nil {
		err = failed
	}
	return err
}

// answer sends what crypto/tls has written by itself: alerts, and answers to key updates.
func (t *TLS) answer() error {
	out := t.wire.scratch.out
	if len(out) == 0 {
		return nil
	}
	if err := t.send(out, nil); err != nil {
		return err
	}
	if t.plain.Unsent() == 0 {
		t.answers = 0
		return nil
	}
	if t.answers++; t.answers > maxAnswers {
		return errAnswers
	}
	return nil
}

// room is the input with room for n bytes more. Without input it is the loop's scratch, of which the last owner then takes
// what it has left there.
func (t *TLS) room(n int) []byte {
	s := t.wire.scratch
	if len(t.in) > 0 {
		if s.owner == t {
			t.keep()
		}
		return slices.Grow(t.in, n)
	}
	if s.owner != nil {
		s.owner.keep()
	}
	s.owner = t
	s.opened = slices.Grow(s.opened[:0], n)
	return s.opened
}

// keep moves the input out of the loop's scratch.
func (t *TLS) keep() {
	t.in = append([]byte(nil), t.in...)
	t.wire.scratch.owner = nil
}

// Buffered implements Socket.
func (t *TLS) Buffered() int { return len(t.in) }

// Held implements Socket.
func (t *TLS) Held() int {
	n := len(t.early) + t.plain.Buffered()
	if s := t.wire.shaking; s != nil {
		n += s.held()
	}
	if t.wire.scratch.owner == t {
		return n + len(t.in)
	}
	return n + cap(t.in)
}

// Peek implements Socket.
func (t *TLS) Peek(n int) []byte {
	switch {
	case n < 0:
		return t.in
	case n > len(t.in):
		return nil
	}
	return t.in[:n]
}

// Discard implements Socket.
func (t *TLS) Discard(n int) {
	if n >= 0 && n < len(t.in) {
		t.in = t.in[n:]
		return
	}
	t.in = nil
	if s := t.wire.scratch; s.owner == t {
		s.owner = nil
	}
}

// Write implements Socket.
func (t *TLS) Write(p []byte) error {
	if t.wire.shaking != nil {
		t.plain.conn.Close()
		return errEarly
	}
	s := t.wire.scratch
	s.out, s.pieces = s.out[:0], s.pieces[:0]
	for len(p) > 0 {
		n := min(len(p), pieceMost)
		if _, err := t.conn.Write(p[:n]); err != nil {
			t.plain.conn.Close()
			return err
		}
		s.pieces = append(s.pieces, piece{len(s.out), n})
		p = p[n:]
	}
	return t.send(s.out, s.pieces)
}

// send writes records below, in which pieces of plaintext are.
func (t *TLS) send(records []byte, pieces []piece) error {
	before := t.plain.Unsent()
	if err := t.plain.Write(records); err != nil {
		return err
	}
	if t.late == nil {
		if t.plain.Unsent() == 0 {
			return nil
		}
		t.late = new(late)
		t.late.waits.Wrote(before)
	}
	end := 0
	for _, p := range pieces {
		t.late.waits.Wrote(p.end - end)
		t.late.waits.Mark(p.n)
		t.late.unsent += p.n
		end = p.end
	}
	t.late.waits.Wrote(len(records) - end)
	return nil
}

// Unsent implements Socket: all plaintext of pieces that have not left whole.
func (t *TLS) Unsent() int {
	if t.late == nil {
		return 0
	}
	below := t.plain.Unsent()
	if below == 0 {
		t.late = nil
		return 0
	}
	t.late.waits.Settle(below)
	for n, ok := t.late.waits.Next(); ok; n, ok = t.late.waits.Next() {
		t.late.unsent -= n
	}
	return t.late.unsent
}

// Shut implements Socket: the peer can tell this end from a cut. The goodbye counts as a byte that is unsent.
func (t *TLS) Shut() bool {
	if !t.goodbye && t.wire.shaking == nil {
		t.goodbye = true
		s := t.wire.scratch
		s.out = s.out[:0]
		t.conn.CloseWrite()
		s.pieces = append(s.pieces[:0], piece{len(s.out), 1})
		if t.send(s.out, s.pieces) != nil {
			return false
		}
	}
	return t.Unsent() == 0 && t.plain.Shut()
}

// Closed implements Socket.
func (t *TLS) Closed() {
	if s := t.wire.scratch; s.owner == t {
		s.owner = nil
	}
	if t.wire.shaking != nil {
		t.wire.shaking.close()
		return
	}
	t.places.open.Add(-1)
}

// Conn implements Socket.
func (t *TLS) Conn() Conn { return t.plain.conn }

// Identity is what the client's certificate has proved: the common name of its subject, or else its first URI or DNS name.
func (t *TLS) Identity() string { return t.identity }
