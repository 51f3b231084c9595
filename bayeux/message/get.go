package message

// Each calls visit with every field of a valid JSON object, keys decoded, until
// it returns false. A value that is no object has no fields.
func Each(object []byte, visit func(key, value []byte) bool) {
	if len(object) == 0 || object[0] != '{' {
		return
	}
	p := parser{b: object, depth: unlimited}
	if p.enter(); p.peek() == '}' {
		return
	}
	for {
		at := p.i
		p.str()
		key := p.b[at+1 : p.i-1]
		if hasEscape(key) {
			key = AppendUnquoted(nil, p.b[at:p.i])
		}
		p.space()
		p.i++
		p.space()
		start := p.i
		if !p.value() || !visit(key, p.b[start:p.i]) {
			return
		}
		if more, _ := p.more('}'); !more {
			return
		}
	}
}

// unlimited is the depth for what was checked before.
const unlimited = 1 << 30

// Get returns the value of the first field named key of a valid JSON object, nil
// if there is none.
func Get(object []byte, key string) (value []byte) {
	Each(object, func(name, v []byte) bool {
		if string(name) == key {
			value = v
			return false
		}
		return true
	})
	return value
}

// Integer reads a JSON number without fraction and exponent, of at most 18
// digits.
func Integer(raw []byte) (n int64, ok bool) {
	digits := raw
	if len(raw) > 0 && raw[0] == '-' {
		digits = raw[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(raw) {
		n = -n
	}
	return n, true
}

// Strings calls visit with the string that raw is, or with each string of the
// array that it is, until visit returns false. It returns false then, and if raw
// is anything else.
func Strings(raw []byte, visit func(s []byte) bool) bool {
	if len(raw) == 0 {
		return false
	}
	p := parser{b: raw, depth: unlimited}
	if raw[0] == '"' {
		return p.visitString(visit)
	}
	if raw[0] != '[' {
		return false
	}
	if p.enter(); p.peek() == ']' {
		return true
	}
	for {
		if !p.visitString(visit) {
			return false
		}
		if more, ok := p.more(']'); !more {
			return ok
		}
	}
}

func (p *parser) visitString(visit func(s []byte) bool) bool {
	at := p.i
	if p.peek() != '"' || !p.str() {
		return false
	}
	s := p.b[at+1 : p.i-1]
	if hasEscape(s) {
		s = AppendUnquoted(nil, p.b[at:p.i])
	}
	return visit(s)
}
