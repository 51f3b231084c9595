// Proved by TestIdleTLSKeepsNoBuffers, TestOtherFields and TestTLSAgainstPlain.

package socket

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"unsafe"
)

// Scratch is what the TLS sockets of one loop use in turns, so that an idle one keeps none of it.
type Scratch struct {
	lent    lent
	records []byte // whole records that crypto/tls reads now
	left    int    // bytes of the present one that it has not read
	out     []byte // what crypto/tls has written since send
	pieces  []piece
	opened  []byte // plaintext of owner
	owner   *TLS   // whose input is a view of opened; nil if nobody's is
}

// piece is a part of what a call of TLS.Write writes.
type piece struct {
	end int // of its records in Scratch.out
	n   int // bytes of plaintext
}

// NewScratch makes one for a loop.
func NewScratch() *Scratch {
	return &Scratch{lent: lent{fields: fieldsOf(reflect.TypeFor[tls.Conn]())}}
}

// Trim gives back what is not needed between two turns.
func (s *Scratch) Trim() {
	if s.owner != nil {
		s.owner.keep()
	}
	s.lent.buffer = bytes.Buffer{}
	s.records, s.out, s.pieces, s.opened = nil, nil, nil, nil
}

// read gives crypto/tls bytes of the present record, and nothing of the next one: so it never has a part of a record.
func (s *Scratch) read(p []byte) (int, error) {
	if s.left == 0 {
		if s.left = firstRecord(s.records); s.left == 0 {
			return 0, errWait
		}
	}
	n := copy(p, s.records[:s.left])
	s.records, s.left = s.records[n:], s.left-n
	return n, nil
}

// lent is the buffer that crypto/tls reads records into. Each of its connections would keep one of 2 to 18 KB for ever, and
// 1.5 KB of the ClientHello, so all connections of a loop are lent the same one. The fields are private to crypto/tls: where
// a version has others nothing is lent, and connections keep theirs.
type lent struct {
	fields fields
	buffer bytes.Buffer
}

// fields are the offsets in a tls.Conn of its buffers of records, of handshake messages, and of its view of plaintext.
type fields struct {
	known            bool
	raw, hand, input uintptr
}

// fieldsOf finds the fields of tls.Conn; known is false if they are not as they should be.
func fieldsOf(conn reflect.Type) (f fields) {
	f.known = true
	find := func(name string, want reflect.Type) uintptr {
		field, ok := conn.FieldByName(name)
		f.known = f.known && ok && field.Type == want && len(field.Index) == 1
		return field.Offset
	}
	f.raw = find("rawInput", reflect.TypeFor[bytes.Buffer]())
	f.hand = find("hand", reflect.TypeFor[bytes.Buffer]())
	f.input = find("input", reflect.TypeFor[bytes.Reader]())
	return f
}

// lentBytes is room for a whole record, and for what crypto/tls wants to have free behind it.
const lentBytes = recordHead + recordMost + 2*bytes.MinRead

// lend gives c the buffer. No goroutine may use c meanwhile.
func (l *lent) lend(c *tls.Conn) {
	if !l.fields.known {
		return
	}
	if l.buffer.Cap() == 0 {
		l.buffer = *bytes.NewBuffer(make([]byte, 0, lentBytes))
	}
	if raw := field[bytes.Buffer](c, l.fields.raw); raw.Len() == 0 {
		*raw, l.buffer = l.buffer, bytes.Buffer{}
	}
}

// takeBack leaves c with no buffer that is empty.
func (l *lent) takeBack(c *tls.Conn) {
	if !l.fields.known {
		return
	}
	if input := field[bytes.Reader](c, l.fields.input); input.Len() > 0 {
		return // it is a view of the buffer
	} else {
		*input = bytes.Reader{}
	}
	if raw := field[bytes.Buffer](c, l.fields.raw); raw.Len() == 0 {
		raw.Reset()
		if raw.Cap() >= lentBytes {
			l.buffer = *raw
		}
		*raw = bytes.Buffer{}
	}
	if hand := field[bytes.Buffer](c, l.fields.hand); hand.Len() == 0 {
		*hand = bytes.Buffer{}
	}
}

// field is the field of c at an offset.
func field[T any](c *tls.Conn, offset uintptr) *T { return (*T)(unsafe.Add(unsafe.Pointer(c), offset)) }
