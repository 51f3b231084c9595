package loop

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"io"
	"net"

	"halley/loop/socket"
)

// Bytes of a record around its content: as in TLS a head with the type and length, and a tail by which it is known to be
// genuine.
const (
	sealHead   = 5
	sealTail   = 17
	sealLeast  = 1400 // bytes of content of a connection's first records, as in crypto/tls
	sealMost   = 16 << 10
	sealData   = 23
	sealDone   = 21
	sealFilter = 0x5a
)

var sealTable = crc64.MakeTable(crc64.ISO)

// appendSealed appends the record of content.
func appendSealed(dst []byte, kind byte, content []byte) []byte {
	dst = append(dst, kind, 3, 3)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(content)+sealTail))
	start := len(dst)
	for _, b := range content {
		dst = append(dst, b^sealFilter)
	}
	sum := crc64.Checksum(dst[start:], sealTable)
	dst = append(dst, make([]byte, sealTail-8)...)
	return binary.BigEndian.AppendUint64(dst, sum)
}

// nextSealed takes the first record off raw; with n == 0 it has not come whole.
func nextSealed(raw []byte) (kind byte, content []byte, n int, err error) {
	if len(raw) < sealHead {
		return 0, nil, 0, nil
	}
	n = sealHead + int(binary.BigEndian.Uint16(raw[3:]))
	if len(raw) < n {
		return 0, nil, 0, nil
	}
	sealed, tail := raw[sealHead:n-sealTail], raw[n-8:n]
	if crc64.Checksum(sealed, sealTable) != binary.BigEndian.Uint64(tail) {
		return 0, nil, 0, fmt.Errorf("record of type %d is not genuine", raw[0])
	}
	content = make([]byte, len(sealed))
	for i, b := range sealed {
		content[i] = b ^ sealFilter
	}
	return raw[0], content, n, nil
}

// sealed is a socket that transforms bytes as TLS would: what it writes is longer than what it is given, and what comes
// can be read by whole records alone.
type sealed struct {
	*socket.Plain
	raw    []byte // of a record that has not come whole
	opened []byte // input that was not dropped
	size   int    // of the next record's content
	out    []byte
	waits  socket.Unsent[int] // of ciphertext; a mark is a record with so many bytes of content
	unsent int                // of plaintext
}

func seal(p *socket.Plain) socket.Socket { return &sealed{Plain: p, size: sealLeast} }

// Receive takes in whole records.
func (s *sealed) Receive() error {
	if s.Plain.Buffered() > 0 {
		s.raw = append(s.raw, s.Plain.Peek(-1)...)
		s.Plain.Discard(-1)
	}
	for {
		kind, content, n, err := nextSealed(s.raw)
		switch {
		case err != nil || n == 0:
			return err
		case kind == sealDone:
			return io.EOF
		}
		s.opened = append(s.opened, content...)
		s.raw = s.raw[n:]
	}
}

func (s *sealed) Buffered() int { return len(s.opened) }

func (s *sealed) Peek(n int) []byte {
	if n < 0 {
		n = len(s.opened)
	}
	return s.opened[:n]
}

// Discard spoils what it drops: a view of it is valid no longer.
func (s *sealed) Discard(n int) {
	if n < 0 {
		n = len(s.opened)
	}
	for i := range n {
		s.opened[i] = '!'
	}
	s.opened = s.opened[n:]
}

func (s *sealed) Write(p []byte) error {
	s.out = s.out[:0]
	for len(p) > 0 {
		n := min(len(p), s.size)
		before := len(s.out)
		s.out = appendSealed(s.out, sealData, p[:n])
		s.waits.Wrote(len(s.out) - before)
		s.waits.Mark(n)
		s.unsent += n
		p, s.size = p[n:], min(2*s.size, sealMost)
	}
	return s.Plain.Write(s.out)
}

// Unsent counts the content of all records that have not left whole.
func (s *sealed) Unsent() int {
	s.waits.Settle(s.Plain.Unsent())
	for n, ok := s.waits.Next(); ok; n, ok = s.waits.Next() {
		s.unsent -= n
	}
	return s.unsent
}

// Shut says goodbye first.
func (s *sealed) Shut() bool {
	s.Plain.Write(appendSealed(nil, sealDone, nil))
	return s.Plain.Shut()
}

// sealedConn is the client's end of a sealed socket.
type sealedConn struct {
	net.Conn
	in     *bufio.Reader
	opened []byte
}

func sealConn(c net.Conn) net.Conn { return &sealedConn{Conn: c, in: bufio.NewReaderSize(c, 4<<10)} }

// Read reads the content of records. An end without a goodbye is not the end.
func (c *sealedConn) Read(p []byte) (int, error) {
	for len(c.opened) == 0 {
		head, err := c.in.Peek(sealHead)
		if err == io.EOF {
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		record := make([]byte, sealHead+int(binary.BigEndian.Uint16(head[3:])))
		if _, err := io.ReadFull(c.in, record); err != nil {
			return 0, err
		}
		kind, content, _, err := nextSealed(record)
		if err != nil {
			return 0, err
		}
		if kind == sealDone {
			return 0, io.EOF
		}
		c.opened = content
	}
	n := copy(p, c.opened)
	c.opened = c.opened[n:]
	return n, nil
}

// Write writes records that come in pieces.
func (c *sealedConn) Write(p []byte) (int, error) {
	var out []byte
	for rest := p; len(rest) > 0; {
		n := min(len(rest), sealMost)
		out = appendSealed(out, sealData, rest[:n])
		rest = rest[n:]
	}
	for piece := 1; len(out) > 0; piece += 1000 {
		n := min(len(out), piece)
		if _, err := c.Conn.Write(out[:n]); err != nil {
			return 0, err
		}
		out = out[n:]
	}
	return len(p), nil
}
