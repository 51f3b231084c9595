// Proved by TestTLSAgainstPlain, TestFirstBytes and FuzzTLSInput.

package socket

import "encoding/binary"

const (
	recordHead = 5
	// recordMost is the most that a record of any version has behind its head (RFC 5246, 6.2.3).
	recordMost = 16<<10 + 2048
	// recordHandshake is the type of a client's first record.
	recordHandshake = 22
)

// firstRecord is how many bytes of p are its first TLS record, 0 if that has not come whole. All are if it begins with a head
// that no record can have: crypto/tls then refuses it, and nobody waits for the rest.
func firstRecord(p []byte) int {
	if len(p) < recordHead {
		return 0
	}
	n := int(binary.BigEndian.Uint16(p[3:]))
	switch {
	case n > recordMost:
		return len(p)
	case len(p) < recordHead+n:
		return 0
	}
	return recordHead + n
}

// wholeRecords is how many bytes of p are records that have come whole.
func wholeRecords(p []byte) (n int) {
	for {
		next := firstRecord(p[n:])
		if next == 0 {
			return n
		}
		n += next
	}
}

// refusal says why what begins with p is no TLS, and is nil as long as it may be.
func refusal(p []byte) error {
	switch {
	case len(p) == 0 || p[0] == recordHandshake && (len(p) == 1 || p[1] == 3):
		return nil
	case 'A' <= p[0] && p[0] <= 'Z':
		return ErrPlainHTTP
	}
	return errGarbage
}
