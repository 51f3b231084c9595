package message

// unlimited is the depth for what was checked before.
const unlimited = 1 << 30

// Each calls visit with every field of a valid JSON object, in order and with its
// key decoded, until it returns false. A value that is no object has no fields.
func Each(object []byte, visit func(key, value []byte) bool) {
	p := parser{b: object, depth: unlimited}
	if p.at(0) != '{' {
		return
	}
	i := p.enter(0)
	for more := p.at(i) == '"'; more; {
		end, escaped := p.key(i)
		start := p.colon(end)
		stop := p.value(start)
		if stop == broken || !visit(decoded(object[i:end], escaped), object[start:stop]) {
			return
		}
		i, more = p.next(stop, '}')
	}
}

// decoded returns the value of a JSON string: a span of it if it has no escape.
func decoded(raw []byte, escaped bool) []byte {
	if escaped {
		return AppendUnquoted(nil, raw)
	}
	return raw[1 : len(raw)-1]
}

// Get returns the value of the field key of a valid JSON object, nil if there is
// none. Of several it is the last: what JSON.parse and most readers take.
func Get(object []byte, key string) (value []byte) {
	Each(object, func(name, v []byte) bool {
		if string(name) == key {
			value = v
		}
		return true
	})
	return value
}

// Strings calls visit with the string that raw is, or with each string of the
// array that it is, decoded, until visit returns false. It returns false then, and if
// raw is anything else; raw is valid JSON or empty.
func Strings(raw []byte, visit func(s []byte) bool) bool {
	p := parser{b: raw, depth: unlimited}
	switch p.at(0) {
	case '"':
		end, escaped := p.str(0)
		return end != broken && visit(decoded(raw[:end], escaped))
	case '[':
		return p.strings(visit)
	}
	return false
}

func (p *parser) strings(visit func(s []byte) bool) bool {
	i := p.enter(0)
	if p.at(i) == ']' {
		return true
	}
	for more := true; more; {
		end, escaped := p.key(i)
		if end == broken || !visit(decoded(p.b[i:end], escaped)) {
			return false
		}
		i, more = p.next(end, ']')
	}
	return i != broken
}
