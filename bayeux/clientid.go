package bayeux

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
)

// Address says where a session lives: the node and event loop that own it, its
// slot there, and the slot's generation.
type Address struct {
	Node uint16
	Loop uint16
	Slot uint32
	Gen  uint32
}

// secretSize is the length of a clientId's random part in bytes: 128 bits.
const secretSize = 16

const (
	addressSize = 12
	clientIDLen = (addressSize + secretSize) * 8 / 5 // 44.8: the last digit is a partial one
	// ClientIDLen is the length of every clientId in bytes.
	ClientIDLen = clientIDLen + 1
)

// digits are lower-case and alphanumeric: a clientId is a path segment of the
// eventsource type, and the specification allows letters and digits only.
var digits = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// appendClientID appends the clientId of the session at a with that secret.
func appendClientID(dst []byte, a Address, secret *[secretSize]byte) []byte {
	var raw [addressSize + secretSize]byte
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

func decodeClientID(id []byte) (a Address, secret [secretSize]byte, ok bool) {
	if len(id) != ClientIDLen {
		return a, secret, false
	}
	var raw [addressSize + secretSize + 1]byte
	if _, err := digits.Decode(raw[:], id); err != nil {
		return a, secret, false
	}
	a = Address{
		Node: binary.BigEndian.Uint16(raw[0:]),
		Loop: binary.BigEndian.Uint16(raw[2:]),
		Slot: binary.BigEndian.Uint32(raw[4:]),
		Gen:  binary.BigEndian.Uint32(raw[8:]),
	}
	copy(secret[:], raw[addressSize:])
	return a, secret, true
}

// sameSecret compares in constant time, so that an answer's delay tells nothing.
func sameSecret(a, b *[secretSize]byte) bool {
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
