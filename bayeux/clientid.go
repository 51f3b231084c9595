package bayeux

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"strconv"
)

// Place names an event loop: the node that it runs on, and its number there.
type Place struct{ Node, Loop uint16 }

// Address says where a session lives: the node and event loop that own it, its
// slot there, and the slot's generation. No two have the same
// (Bayeux 1.0, 2.4 MUST unique).
type Address struct {
	Node uint16
	Loop uint16
	Slot uint32
	Gen  uint32
}

// Place is where the session lives.
func (a Address) Place() Place { return Place{a.Node, a.Loop} }

// String is what a session may be called before others: nothing that would be of use to anybody, as a clientId is.
func (a Address) String() string {
	text := strconv.AppendUint(nil, uint64(a.Node), 10)
	for _, n := range []uint64{uint64(a.Loop), uint64(a.Slot), uint64(a.Gen)} {
		text = strconv.AppendUint(append(text, '-'), n, 10)
	}
	return string(text)
}

// secretSize is the length of a clientId's random part in bytes: 128 bits.
const secretSize = 16

const (
	addressSize = 12
	idSize      = addressSize + secretSize
	// ClientIDLen is the length of every clientId in bytes.
	ClientIDLen = (idSize*8 + 4) / 5
)

// digits of a clientId: letters and digits alone, as those of other servers, since it
// is a path segment of the eventsource type; 5 bits each, since it stands in the URLs
// of callback-polling, which may not be long.
var digits = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// appendClientID appends the clientId of the session at a with that secret, in base32.
func appendClientID(dst []byte, a Address, secret *[secretSize]byte) []byte {
	var raw [idSize]byte
	binary.BigEndian.PutUint16(raw[0:], a.Node)
	binary.BigEndian.PutUint16(raw[2:], a.Loop)
	binary.BigEndian.PutUint32(raw[4:], a.Slot)
	binary.BigEndian.PutUint32(raw[8:], a.Gen)
	copy(raw[addressSize:], secret[:])
	return digits.AppendEncode(dst, raw[:])
}

// ParseClientID reads the address out of a clientId; ok is false for a text
// that no server of this kind gave out. It does not prove that the session
// exists: its owner compares the secret.
func ParseClientID(id []byte) (a Address, ok bool) {
	a, _, ok = decodeClientID(id)
	return a, ok
}

// decodeClientID reads the address and the secret.
func decodeClientID(id []byte) (a Address, secret [secretSize]byte, ok bool) {
	if len(id) != ClientIDLen {
		return a, secret, false
	}
	raw, ok := decodeDigits(id)
	if !ok {
		return a, secret, false
	}
	copy(secret[:], raw[addressSize:])
	return Address{
		Node: binary.BigEndian.Uint16(raw[0:]),
		Loop: binary.BigEndian.Uint16(raw[2:]),
		Slot: binary.BigEndian.Uint32(raw[4:]),
		Gen:  binary.BigEndian.Uint32(raw[8:]),
	}, secret, true
}

// decodeDigits reads what ClientIDLen digits of base32 stand for: package base32 would
// allocate, and pass over line ends. The bits that the last digit has beyond that must
// be 0, or one clientId could be written in two ways.
func decodeDigits(text []byte) (raw [idSize]byte, ok bool) {
	text = text[:ClientIDLen]
	wrong := byte(0)
	for i := range idSize / 5 { // eight digits are five bytes
		bits, bad := eightDigits((*[8]byte)(text[8*i:]))
		wrong |= bad
		binary.BigEndian.PutUint32(raw[5*i:], uint32(bits>>8))
		raw[5*i+4] = byte(bits)
	}
	bits := uint32(0)
	for _, c := range text[ClientIDLen-5:] { // the last three bytes, and a bit more
		value := digitValues[c]
		wrong |= value
		bits = bits<<5 | uint32(value)
	}
	raw[idSize-3], raw[idSize-2], raw[idSize-1] = byte(bits>>17), byte(bits>>9), byte(bits>>1)
	return raw, wrong < noDigit && bits&1 == 0
}

// eightDigits are the forty bits of as many digits; wrong is noDigit or more if one of them is none.
func eightDigits(t *[8]byte) (bits uint64, wrong byte) {
	a, b, c, d := digitValues[t[0]], digitValues[t[1]], digitValues[t[2]], digitValues[t[3]]
	e, f, g, h := digitValues[t[4]], digitValues[t[5]], digitValues[t[6]], digitValues[t[7]]
	high := uint32(a)<<15 | uint32(b)<<10 | uint32(c)<<5 | uint32(d)
	low := uint32(e)<<15 | uint32(f)<<10 | uint32(g)<<5 | uint32(h)
	return uint64(high)<<20 | uint64(low), a | b | c | d | e | f | g | h
}

// noDigit stands in digitValues for what is no digit; it has a bit that no digit has.
const noDigit = 1 << 5

// digitValues are the values of all bytes as digits. Whether one is a letter is as random as a clientId, and the processor
// would guess it wrong every other time.
var digitValues = func() (values [256]byte) {
	for c := range values {
		switch {
		case '0' <= c && c <= '9':
			values[c] = byte(c - '0')
		case 'a' <= c && c <= 'v':
			values[c] = byte(c - 'a' + 10)
		default:
			values[c] = noDigit
		}
	}
	return values
}()

// sameSecret compares in constant time, so that an answer's delay tells nothing.
func sameSecret(a, b *[secretSize]byte) bool {
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
