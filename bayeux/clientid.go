package bayeux

import (
	"crypto/subtle"
	"encoding/base64"
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
	addressLen  = addressSize * 4 / 3
	// ClientIDLen is the length of every clientId in bytes.
	ClientIDLen = addressLen + (secretSize*8+5)/6
)

// appendClientID appends the clientId of the session at a with that secret, in the
// base64 of URLs (RFC 4648, section 5): it is a path segment of the eventsource type,
// and stands in the URLs of callback-polling, which may not be long.
func appendClientID(dst []byte, a Address, secret *[secretSize]byte) []byte {
	var raw [addressSize + secretSize]byte
	binary.BigEndian.PutUint16(raw[0:], a.Node)
	binary.BigEndian.PutUint16(raw[2:], a.Loop)
	binary.BigEndian.PutUint32(raw[4:], a.Slot)
	binary.BigEndian.PutUint32(raw[8:], a.Gen)
	copy(raw[addressSize:], secret[:])
	return base64.RawURLEncoding.AppendEncode(dst, raw[:])
}

// ParseClientID reads the address out of a clientId; ok is false for a text
// that no server of this kind gave out. It does not prove that the session
// exists: its owner compares the secret.
func ParseClientID(id []byte) (a Address, ok bool) {
	var raw [addressSize]byte
	if len(id) != ClientIDLen || !decode(raw[:], id[:addressLen]) {
		return a, false
	}
	return Address{
		Node: binary.BigEndian.Uint16(raw[0:]),
		Loop: binary.BigEndian.Uint16(raw[2:]),
		Slot: binary.BigEndian.Uint32(raw[4:]),
		Gen:  binary.BigEndian.Uint32(raw[8:]),
	}, true
}

// decodeClientID reads the address and the secret.
func decodeClientID(id []byte) (a Address, secret [secretSize]byte, ok bool) {
	if a, ok = ParseClientID(id); !ok {
		return a, secret, false
	}
	return a, secret, decode(secret[:], id[addressLen:])
}

// decode fills dst from a part of a clientId, which has no line ends.
func decode(dst, text []byte) bool {
	n, err := base64.RawURLEncoding.Decode(dst, text)
	return err == nil && n == len(dst)
}

// sameSecret compares in constant time, so that an answer's delay tells nothing.
func sameSecret(a, b *[secretSize]byte) bool {
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
