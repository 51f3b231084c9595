package wire

import (
	"encoding/binary"
	"errors"
)

// Opcode tells the frames of a websocket apart (RFC 6455, 5.2).
type Opcode uint8

// The opcodes that a client meets.
const (
	OpContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

// Frame is one frame from a server.
type Frame struct {
	Opcode  Opcode
	Final   bool   // no continuation follows
	Payload []byte // points into the buffer that was parsed
}

// ErrFrame says that the bytes cannot be a frame that a server may send.
var ErrFrame = errors.New("malformed websocket frame")

const (
	final     = 0x80 // in the first byte of a frame
	masked    = 0x80 // in the second
	maxFrame  = 64 << 20
	maxInHead = 125 // a payload length that stands in the second byte itself
)

// ParseFrame reads one frame from the front of buf. It returns how many bytes the frame
// takes, 0 when it is not complete yet. A server must not mask (RFC 6455, 5.1),
// and without an extension the reserved bits are 0.
func ParseFrame(buf []byte) (f Frame, n int, err error) {
	if len(buf) < 2 {
		return f, 0, nil
	}
	f.Opcode, f.Final = Opcode(buf[0]&15), buf[0]&final != 0
	control := f.Opcode >= OpClose
	switch {
	case buf[0]&0x70 != 0 || buf[1]&masked != 0 || f.Opcode > OpPong || f.Opcode > OpBinary && !control:
		return Frame{}, 0, ErrFrame
	case control && (!f.Final || buf[1] > maxInHead):
		return Frame{}, 0, ErrFrame
	}
	length, at, err := frameLength(buf)
	if err != nil || at == 0 || len(buf)-at < length {
		return Frame{}, 0, err
	}
	f.Payload = buf[at : at+length]
	return f, at + length, nil
}

// frameLength reads a payload length, which must be written as short as it can be, and
// says where the payload begins: 0 when the length is not complete.
func frameLength(buf []byte) (length, at int, err error) {
	switch buf[1] {
	case 126:
		if len(buf) < 4 {
			return 0, 0, nil
		}
		length, at = int(binary.BigEndian.Uint16(buf[2:])), 4
		if length <= maxInHead {
			return 0, 0, ErrFrame
		}
	case 127:
		if len(buf) < 10 {
			return 0, 0, nil
		}
		long := binary.BigEndian.Uint64(buf[2:])
		if long <= 0xffff || long > maxFrame {
			return 0, 0, ErrFrame
		}
		length, at = int(long), 10
	default:
		length, at = int(buf[1]), 2
	}
	return length, at, nil
}

// AppendFrame writes a whole message as one frame, masked with mask as clients must
// (RFC 6455, 5.3).
func AppendFrame(dst []byte, opcode Opcode, mask uint32, payload []byte) []byte {
	dst = append(dst, final|byte(opcode))
	switch n := len(payload); {
	case n <= maxInHead:
		dst = append(dst, masked|byte(n))
	case n <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	dst = binary.BigEndian.AppendUint32(dst, mask)
	for i, b := range payload {
		dst = append(dst, b^byte(mask>>(24-8*(i&3))))
	}
	return dst
}
