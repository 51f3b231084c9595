// Proved by TestConnection and TestFieldLines.

package httpparse

import (
	"encoding/binary"
	"math/bits"
)

// Character classes of RFC 9110 and RFC 3986; one byte can be in several.
const (
	classToken = 1 << iota // tchar (RFC 9110, 5.6.2)
	classHex               // HEXDIG, both cases
	classHost              // reg-name without "%" (RFC 3986, 3.2.2), see hostBytes
)

const (
	letters    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits     = "0123456789"
	tokenBytes = letters + digits + "!#$%&'*+-.^_`|~"
	hexBytes   = digits + "abcdefABCDEF"
	// hostBytes leaves out the comma, which a reg-name could have: no host name has one, and it is what
	// joining two Host lines makes.
	hostBytes = letters + digits + "-._~!$&'()*+;="
)

var classes = func() (t [256]uint8) {
	for class, members := range map[uint8]string{classToken: tokenBytes, classHex: hexBytes, classHost: hostBytes} {
		for _, c := range []byte(members) {
			t[c] |= class
		}
	}
	return t
}()

// Words of eight equal bytes, for the scans below, which look at eight bytes at once and mark the bytes
// that end the scan by their high bit. Where subtracting borrows from the next higher byte, or adding
// carries into it, it does so only out of a byte that is marked itself: so the lowest mark is always
// exact, and it is the only one used.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// skipToken is the index of the first byte from i on that no token has; len(b) when there is none. It
// is at its best when that byte is the colon after a field name and the name is of letters and "-".
// The two are looked for apart because what comes next waits for the place of the colon only.
func skipToken(b []byte, i int) int {
	for i = max(i, 0); i <= len(b)-8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		colon := zeros(w ^ ':'*ones)
		if before := (colon - 1) &^ colon; rare(w)&before != 0 {
			break
		}
		if colon != 0 {
			return i + bits.TrailingZeros64(colon)/8
		}
	}
	for i < len(b) && classes[b[i]]&classToken != 0 {
		i++
	}
	return i
}

// zeros marks the bytes of w that are 0.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// rare marks the bytes of w that are neither letters nor "-".
func rare(w uint64) uint64 {
	low := (w | 0x20*ones) &^ highs
	letter := (low + (0x80-'a')*ones) &^ (low + (0x7f-'z')*ones)
	dash := (w ^ '-'*ones) &^ highs
	return (w | ^letter&(dash+0x7f*ones)) & highs
}

// skipTarget is the index of the first byte from i on that no target has: white space, control bytes,
// bytes beyond ASCII, and "#", since a fragment is never sent (RFC 9112, 3.2). It stops at mark also.
func skipTarget(b []byte, i int, mark byte) int {
	marks := uint64(mark) * ones
	for i = max(i, 0); i <= len(b)-8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		if stop := beyond(w, '!') | zeros(w^'#'*ones) | zeros(w^marks); stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for i < len(b) && b[i] > ' ' && b[i] < 0x7f && b[i] != '#' && b[i] != mark {
		i++
	}
	return i
}

// skipText is the index of the first control byte from i on, HTAB not counted: field values are made
// of all the others (RFC 9110, 5.5).
func skipText(b []byte, i int) int {
	for {
		i = skipASCII(b, i)
		if i == len(b) || b[i] < 0x80 && b[i] != '\t' {
			return i
		}
		for i < len(b) && (b[i] >= 0x80 || b[i] == '\t') {
			i++
		}
	}
}

// skipASCII is skipText that stops at HTAB and beyond ASCII also.
func skipASCII(b []byte, i int) int {
	for i = max(i, 0); i <= len(b)-8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		if stop := beyond(w, ' '); stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for i < len(b) && b[i]-' ' < 0x7f-' ' {
		i++
	}
	return i
}

// beyond marks the bytes of w that are below first or above "~".
func beyond(w, first uint64) uint64 { return (w | (w - first*ones) | (w + ones)) & highs }

// isBlank reports white space as HTTP knows it within a line.
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trim cuts optional white space (RFC 9110, 5.6.3) off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// trimValue is trim for what follows the colon of a field line, which is nearly always one space, then
// text that begins and ends with none.
func trimValue(b []byte) []byte {
	if len(b) > 1 && b[0] == ' ' && b[1] > ' ' && b[len(b)-1] > ' ' {
		return b[1:]
	}
	return trim(b)
}

// equalFold compares b with lower, which must consist of small letters, digits and "-", "/", ":" or
// ".", without regard to case. Setting one bit is enough of a fold: for these bytes nothing but the
// other case of a letter, or a control byte, which no caller's b contains, becomes equal by it.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		if b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
