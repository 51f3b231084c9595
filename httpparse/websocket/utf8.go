package websocket

import "unicode/utf8"

// Text checks that what it is given, piece by piece, is UTF-8. A fault is found with the first byte
// after which nothing could make the text valid again. The zero value is ready.
type Text struct {
	held [utf8.UTFMax]byte // the beginning of a character that the last piece cut
	n    uint8
}

// Write takes the next piece, and tells whether the text may still become valid.
func (t *Text) Write(p []byte) bool {
	for t.n > 0 && len(p) > 0 {
		t.held[t.n] = p[0]
		t.n, p = t.n+1, p[1:]
		if utf8.FullRune(t.held[:t.n]) { // true also for what can be no character
			if !utf8.Valid(t.held[:t.n]) {
				return false
			}
			t.n = 0
		}
	}
	cut := beginsAt(p)
	t.n += uint8(copy(t.held[t.n:], p[cut:]))
	return utf8.Valid(p[:cut])
}

// Complete tells whether the text does not end inside a character.
func (t *Text) Complete() bool { return t.n == 0 }

// beginsAt is where a character begins that the end of p cuts, len(p) if there is none.
func beginsAt(p []byte) int {
	for i := len(p) - 1; i >= 0 && i > len(p)-utf8.UTFMax; i-- {
		if utf8.RuneStart(p[i]) {
			if utf8.FullRune(p[i:]) {
				break
			}
			return i
		}
	}
	return len(p)
}
