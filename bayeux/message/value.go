// Proved by TestValid and TestValidErrors.

package message

// Valid tells whether body is exactly one JSON value in UTF-8 with at most
// maxDepth levels of arrays and objects. A non-nil error is an Error.
func Valid(body []byte, maxDepth int) error {
	p := parser{b: body, depth: maxDepth}
	p.end(p.value(p.space(0)))
	return p.err()
}

// parser walks over JSON (RFC 8259). Its methods take the index where something
// begins and return the index behind it, or broken; then fault and offset tell
// why and where. It recurses, at most depth times.
type parser struct {
	b      []byte
	depth  int // levels left
	fault  Kind
	offset int
}

// broken is returned instead of an index once something is wrong. The methods
// accept it, so that only loops have to look for it.
const broken = -1

func (p *parser) fail(k Kind, offset int) int {
	if p.fault == 0 {
		p.fault, p.offset = k, offset
	}
	return broken
}

func (p *parser) err() error {
	if p.fault == 0 {
		return nil
	}
	return Error{Kind: p.fault, Offset: p.offset}
}

// at returns the byte at i; 0, which is nowhere valid, outside of the input.
func (p *parser) at(i int) byte {
	if uint(i) < uint(len(p.b)) {
		return p.b[i]
	}
	return 0
}

// space steps over white space.
func (p *parser) space(i int) int {
	if p.at(i) > ' ' {
		return i
	}
	for uint(i) < uint(len(p.b)) && isSpace(p.b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// end makes sure that nothing but white space follows.
func (p *parser) end(i int) {
	if i = p.space(i); i != len(p.b) {
		p.fail(KindSyntax, i)
	}
}

// value steps over any value.
func (p *parser) value(i int) int {
	switch c := p.at(i); c {
	case '"':
		i, _ = p.str(i)
		return i
	case '{':
		return p.object(i)
	case '[':
		return p.array(i)
	case 't':
		return p.literal(i, "true")
	case 'f':
		return p.literal(i, "false")
	case 'n':
		return p.literal(i, "null")
	default:
		if c == '-' || isDigit(c) {
			return p.number(i)
		}
		return p.fail(KindSyntax, i)
	}
}

// enter goes down a level, to the first item or the closing bracket.
func (p *parser) enter(i int) int {
	if p.depth <= 0 {
		return p.fail(KindDepth, i)
	}
	p.depth--
	return p.space(i + 1)
}

// leave goes up a level, over the closing bracket.
func (p *parser) leave(i int) int {
	p.depth++
	return i + 1
}

// next steps from the end of an item over a comma to the next one, or over the
// closing bracket.
func (p *parser) next(i int, closing byte) (at int, more bool) {
	if i == broken {
		return broken, false
	}
	i = p.space(i)
	switch p.at(i) {
	case ',':
		return p.space(i + 1), true
	case closing:
		return p.leave(i), false
	}
	return p.fail(KindSyntax, i), false
}

func (p *parser) object(i int) int {
	i = p.enter(i)
	if p.at(i) == '}' {
		return p.leave(i)
	}
	for more := i != broken; more; {
		i, _ = p.key(i)
		i, more = p.next(p.value(p.colon(i)), '}')
	}
	return i
}

// key steps over a key.
func (p *parser) key(i int) (end int, escaped bool) {
	if p.at(i) != '"' {
		return p.fail(KindSyntax, i), false
	}
	return p.str(i)
}

// colon steps from the end of a key to its value.
func (p *parser) colon(i int) int {
	if i = p.space(i); p.at(i) != ':' {
		return p.fail(KindSyntax, i)
	}
	return p.space(i + 1)
}

func (p *parser) array(i int) int {
	i = p.enter(i)
	if p.at(i) == ']' {
		return p.leave(i)
	}
	for more := i != broken; more; {
		i, more = p.next(p.value(i), ']')
	}
	return i
}

func (p *parser) literal(i int, word string) int {
	end := i + len(word)
	if end > len(p.b) || string(p.b[i:end]) != word {
		return p.fail(KindSyntax, i)
	}
	return end
}
