// Proved by TestValid and TestAppendString.

package message

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// str steps over a string, whose quote is at i, and tells whether it has escapes.
func (p *parser) str(i int) (end int, escaped bool) {
	b := p.b
	i = plain(b, i+1)
	for {
		if i >= len(b) {
			return p.fail(KindSyntax, i), false
		}
		c := b[i]
		switch {
		case c == '"':
			return i + 1, escaped
		case c == '\\':
			escaped = true
			if i = p.escape(i + 1); i == broken {
				return broken, false
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return p.fail(KindUTF8, i), false
			}
			i += n
		default: // a control character, or the end
			return p.fail(KindSyntax, i), false
		}
		i = plain(b, i)
	}
}

// escape steps over what follows a backslash.
func (p *parser) escape(i int) int {
	switch p.at(i) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for n := 1; n <= 4; n++ {
			if !isHex(p.at(i + n)) {
				return p.fail(KindSyntax, i+n)
			}
		}
		return i + 5
	}
	return p.fail(KindSyntax, i)
}

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros has the top bit of each byte of w set that is zero. Bytes above one that is
// zero may be marked too; the lowest mark is always right, also after joining
// several such words.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// plain returns the index of the first byte from i on that is a quote, a backslash,
// a control character or not ASCII: eight bytes at a time.
func plain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		special := zeros(w^ones*'"') | zeros(w^ones*'\\') | (w-ones*' ')&^w&highs | w&highs
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}
