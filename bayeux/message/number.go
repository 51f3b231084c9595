package message

import "math"

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

// number steps over a number (RFC 8259, section 6).
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

// Integer reads a JSON number that is written without fraction and exponent and
// fits into 64 bits.
func Integer(raw []byte) (n int64, ok bool) {
	digits := raw
	if len(raw) > 0 && raw[0] == '-' {
		digits = raw[1:]
	}
	if len(digits) == 0 || len(digits) > 19 {
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
