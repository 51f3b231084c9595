// Proved by TestInteger and TestValid.

package message

import (
	"bytes"
	"math"
)

func isDigit(c byte) bool { return c-'0' < 10 }

// digits steps over at least one digit.
func (p *parser) digits(i int) int {
	if !isDigit(p.at(i)) {
		return p.fail(KindSyntax, i)
	}
	for isDigit(p.at(i)) {
		i++
	}
	return i
}

// number steps over a number (RFC 8259, 6).
func (p *parser) number(i int) int {
	if p.at(i) == '-' {
		i++
	}
	if p.at(i) == '0' {
		i++
	} else {
		i = p.digits(i)
	}
	if p.at(i) == '.' {
		i = p.digits(i + 1)
	}
	if p.at(i)|0x20 != 'e' {
		return i
	}
	if c := p.at(i + 1); c == '+' || c == '-' {
		i++
	}
	return p.digits(i + 1)
}

// Integer reads a whole number that fits into 64 bits, in whatever form a client's
// library writes it: as any JSON number (17, 17.0, 1.7E1) or as a string of decimal
// digits. What is neither is no number, and harmless.
func Integer(raw []byte) (n int64, ok bool) {
	if n, ok = decimal(raw); ok {
		return n, true
	}
	if last := len(raw) - 1; last > 0 && raw[0] == '"' && raw[last] == '"' {
		return decimal(raw[1:last])
	}
	p := parser{b: raw, depth: unlimited}
	if end := p.number(0); end == broken || end != len(raw) {
		return 0, false
	}
	return whole(raw)
}

// decimal reads an optional minus sign and digits.
func decimal(raw []byte) (n int64, ok bool) {
	digits := raw
	if len(raw) > 0 && raw[0] == '-' {
		digits = raw[1:]
	}
	if len(digits) == 0 || len(digits) > maxDigits {
		return 0, false
	}
	var u uint64 // 19 digits fit
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		u = u*10 + uint64(c-'0')
	}
	negative := len(digits) < len(raw)
	switch {
	case u <= math.MaxInt64 && negative:
		return -int64(u), true
	case u <= math.MaxInt64:
		return int64(u), true
	case u == 1<<63 && negative:
		return math.MinInt64, true
	}
	return 0, false
}

// maxDigits is how many digits the greatest number of 64 bits has.
const maxDigits = 19

// whole reads a valid JSON number with a fraction or an exponent. Its digits without
// the zeros at both ends are moved to where the exponent puts them.
func whole(raw []byte) (n int64, ok bool) {
	mantissa, exponent := raw, 0
	if e := bytes.IndexAny(raw, "eE"); e >= 0 {
		mantissa, exponent = raw[:e], exponentOf(raw[e+1:])
	}
	text := make([]byte, 0, 1+maxDigits)
	if mantissa[0] == '-' {
		text, mantissa = append(text, '-'), mantissa[1:]
	}
	integer, fraction, _ := bytes.Cut(mantissa, []byte("."))
	zeros := len(integer) + exponent // digits before the point, those that follow not yet taken off
	for _, part := range [2][]byte{integer, fraction} {
		for _, c := range part {
			leading := len(text) == 0 || text[len(text)-1] == '-'
			switch {
			case leading && c == '0': // adds nothing
			case zeros > 0 && len(text) < cap(text):
				text = append(text, c)
			case c != '0':
				return 0, false // a fraction, or too many digits
			}
			zeros--
		}
	}
	if len(text) == 0 || text[len(text)-1] == '-' {
		return 0, true
	}
	for ; zeros > 0; zeros-- {
		if len(text) == cap(text) {
			return 0, false
		}
		text = append(text, '0')
	}
	return decimal(text)
}

// exponentOf reads an exponent, as far as it can make a difference to what fits into
// memory.
func exponentOf(raw []byte) (n int) {
	negative := raw[0] == '-'
	for _, c := range bytes.TrimLeft(raw, "+-") {
		n = min(n*10+int(c-'0'), 1<<40)
	}
	if negative {
		return -n
	}
	return n
}
