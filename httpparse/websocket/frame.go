package websocket

import "encoding/binary"

// Opcode is the type of a frame (RFC 6455, 5.2).
type Opcode uint8

// The opcodes.
const (
	OpContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

// Control tells whether frames of the opcode may stand between the fragments of a message.
func (o Opcode) Control() bool { return o >= OpClose }

func (o Opcode) defined() bool { return o <= OpBinary || OpClose <= o && o <= OpPong }

// Header is the head of a frame.
type Header struct {
	Fin    bool // the last frame of its message
	RSV1   bool // the message is compressed, if that was agreed (RFC 7692, 6)
	Opcode Opcode
	Length int64   // of the payload, in bytes
	Mask   [4]byte // of a client's frame; AppendHeader does not write it
}

// MaxHeader is how many bytes a client's header may take.
const MaxHeader = 14

const (
	bitFin      = 0x80
	bitRSV1     = 0x40
	bitsRSV23   = 0x30
	bitsOpcode  = 0x0F
	bitMask     = 0x80
	bitsLength  = 0x7F
	length16    = 126 // two bytes with the length follow
	length64    = 127 // eight bytes follow
	maskLength  = 4
	shortHeader = 2
)

// parseHeader reads the header of a client's frame at the start of buf, strictly: the fewest bytes for
// the length, a mask, whole and short control frames. n is its length; 0 says that it is not complete,
// and that nothing is wrong so far. With rsv1 the first frame of a message may have that bit.
func parseHeader(buf []byte, rsv1 bool) (h Header, n int, kind Kind) {
	if len(buf) == 0 {
		return h, 0, 0
	}
	h.first(buf[0])
	if kind = h.faultOf(buf[0], rsv1); kind != 0 || len(buf) < shortHeader {
		return h, 0, kind
	}
	if buf[1]&bitMask == 0 {
		return h, 0, KindUnmasked
	}
	short := buf[1] & bitsLength
	if h.Opcode.Control() && short > maxControlLength {
		return h, 0, KindControl
	}
	n, kind = h.length(short, buf[shortHeader:])
	if kind != 0 || n < 0 || len(buf) < shortHeader+n+maskLength {
		return h, 0, kind
	}
	n += shortHeader
	h.Mask = [maskLength]byte(buf[n:])
	return h, n + maskLength, 0
}

// first takes apart the first byte.
func (h *Header) first(b byte) {
	h.Fin, h.RSV1, h.Opcode = b&bitFin != 0, b&bitRSV1 != 0, Opcode(b&bitsOpcode)
}

// faultOf finds what is wrong with the first byte.
func (h *Header) faultOf(b byte, rsv1 bool) Kind {
	starts := h.Opcode == OpText || h.Opcode == OpBinary
	switch {
	case b&bitsRSV23 != 0, h.RSV1 && !(rsv1 && starts):
		return KindReserved
	case !h.Opcode.defined():
		return KindOpcode
	case h.Opcode.Control() && !h.Fin:
		return KindControl
	}
	return 0
}

// length reads the length: short, or what follows it. It gives the number of bytes that do, -1 if they
// have not all arrived.
func (h *Header) length(short byte, rest []byte) (n int, kind Kind) {
	least := uint64(0)
	switch short {
	case length16:
		if len(rest) < 2 {
			return -1, 0
		}
		n, least = 2, length16
		h.Length = int64(binary.BigEndian.Uint16(rest))
	case length64:
		if len(rest) > 0 && rest[0] >= 0x80 {
			return 0, KindLength
		}
		if len(rest) < 8 {
			return -1, 0
		}
		n, least = 8, 1<<16
		h.Length = int64(binary.BigEndian.Uint64(rest))
	default:
		h.Length = int64(short)
	}
	if uint64(h.Length) < least {
		return 0, KindLength
	}
	return n, 0
}

// AppendHeader appends the header of a server's frame: without a mask (RFC 6455, 5.1 MUST NOT no-mask).
func AppendHeader(dst []byte, h Header) []byte {
	first := byte(h.Opcode)
	if h.Fin {
		first |= bitFin
	}
	if h.RSV1 {
		first |= bitRSV1
	}
	switch {
	case h.Length < length16:
		return append(dst, first, byte(h.Length))
	case h.Length < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first, length16), uint16(h.Length))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, length64), uint64(h.Length))
}

// AppendFrame appends a message, or a control frame of at most 125 bytes, in one frame.
func AppendFrame(dst []byte, op Opcode, payload []byte) []byte {
	dst = AppendHeader(dst, Header{Fin: true, Opcode: op, Length: int64(len(payload))})
	return append(dst, payload...)
}
