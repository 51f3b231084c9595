package message

import (
	"encoding/binary"
	"unicode/utf8"
)

// Valid tells whether body is exactly one JSON value in UTF-8 with at most
// maxDepth levels of arrays and objects. A non-nil error is an Error.
func Valid(body []byte, maxDepth int) error {
	p := parser{b: body, depth: maxDepth}
	if p.space(); p.value() {
		p.space()
		if p.i < len(body) {
			p.fail(KindSyntax)
		}
	}
	return p.err()
}

// parser walks over JSON. Its methods return false once something is wrong; the
// reason is in fault, and the place in i.
type parser struct {
	b     []byte
	i     int
	depth int // levels left
	fault Kind
}

func (p *parser) fail(k Kind) bool {
	if p.fault == 0 {
		p.fault = k
	}
	return false
}

func (p *parser) err() error {
	if p.fault == 0 {
		return nil
	}
	return Error{Kind: p.fault, Offset: p.i}
}

// peek returns the byte at hand, 0 at the end: a byte that is nowhere valid.
func (p *parser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

// eat steps over c, or fails.
func (p *parser) eat(c byte) bool {
	if p.peek() != c {
		return p.fail(KindSyntax)
	}
	p.i++
	return true
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return
		}
	}
}

// value steps over any value.
func (p *parser) value() bool {
	switch c := p.peek(); c {
	case '"':
		return p.str()
	case '{':
		return p.object()
	case '[':
		return p.array()
	case 't':
		return p.literal("true")
	case 'f':
		return p.literal("false")
	case 'n':
		return p.literal("null")
	default:
		if c == '-' || isDigit(c) {
			return p.number()
		}
		return p.fail(KindSyntax)
	}
}

// enter goes down a level.
func (p *parser) enter() bool {
	if p.depth == 0 {
		return p.fail(KindDepth)
	}
	p.depth--
	p.i++
	p.space()
	return true
}

// leave goes up a level, over the closing bracket.
func (p *parser) leave() bool {
	p.depth++
	p.i++
	return true
}

func (p *parser) object() bool {
	if !p.enter() {
		return false
	}
	if p.peek() == '}' {
		return p.leave()
	}
	for {
		if !p.key() || !p.value() {
			return false
		}
		if more, ok := p.more('}'); !more {
			return ok
		}
	}
}

// key steps over a key and its colon.
func (p *parser) key() bool {
	if p.peek() != '"' {
		return p.fail(KindSyntax)
	}
	if !p.str() {
		return false
	}
	if p.space(); !p.eat(':') {
		return false
	}
	p.space()
	return true
}

// more steps over a comma, to the next item, or over the closing bracket.
func (p *parser) more(closing byte) (more, ok bool) {
	p.space()
	if p.peek() == closing {
		return false, p.leave()
	}
	if !p.eat(',') {
		return false, false
	}
	p.space()
	return true, true
}

func (p *parser) array() bool {
	if !p.enter() {
		return false
	}
	if p.peek() == ']' {
		return p.leave()
	}
	for {
		if !p.value() {
			return false
		}
		if more, ok := p.more(']'); !more {
			return ok
		}
	}
}

func (p *parser) literal(word string) bool {
	if len(p.b)-p.i < len(word) || string(p.b[p.i:p.i+len(word)]) != word {
		return p.fail(KindSyntax)
	}
	p.i += len(word)
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits steps over at least one digit.
func (p *parser) digits() bool {
	if !isDigit(p.peek()) {
		return p.fail(KindSyntax)
	}
	for isDigit(p.peek()) {
		p.i++
	}
	return true
}

func (p *parser) number() bool {
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++
	} else if !p.digits() {
		return false
	}
	if p.peek() == '.' {
		p.i++
		if !p.digits() {
			return false
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c = p.peek(); c == '+' || c == '-' {
			p.i++
		}
		return p.digits()
	}
	return true
}

// str steps over a string.
func (p *parser) str() bool {
	p.i++
	for {
		p.i = plain(p.b, p.i)
		c := p.peek()
		switch {
		case c == '"':
			p.i++
			return true
		case c == '\\':
			if !p.escape() {
				return false
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(p.b[p.i:])
			if r == utf8.RuneError && n == 1 {
				return p.fail(KindUTF8)
			}
			p.i += n
		default:
			return p.fail(KindSyntax) // a control character, or the end
		}
	}
}

func (p *parser) escape() bool {
	p.i++
	switch p.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.i++
		return true
	case 'u':
		p.i++
		for range 4 {
			if !isHex(p.peek()) {
				return p.fail(KindSyntax)
			}
			p.i++
		}
		return true
	}
	return p.fail(KindSyntax)
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns the index of the first byte from i on that is a quote, a
// backslash, a control character or not ASCII; eight bytes at a time.
func plain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		special := (quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w | w
		if special&highs != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < 0x20 || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}
