package message

import "bytes"

// maxFields is how many fields a message may have. The protocol names eleven.
const maxFields = 64

// Scanner reads batches. A zero limit means none at all is allowed.
type Scanner struct {
	MaxDepth    int // levels of arrays and objects, those of the batch included
	MaxMessages int // in one batch
}

// Scan reads body, one message or an array of them, into b, which it overwrites.
// An error is an Error; b is of no use then.
func (s *Scanner) Scan(body []byte, b *Batch) error {
	b.Messages, b.scratch = b.Messages[:0], b.scratch[:0]
	p := parser{b: body, depth: s.MaxDepth}
	p.space()
	ok := false
	switch p.peek() {
	case '{':
		ok = s.message(&p, b)
	case '[':
		ok = s.messages(&p, b)
	default:
		if p.value() {
			p.fail(KindNoMessage)
		}
	}
	if p.space(); ok && p.i < len(body) {
		p.fail(KindSyntax)
	}
	return p.err()
}

func (s *Scanner) messages(p *parser, b *Batch) bool {
	if !p.enter() {
		return false
	}
	if p.peek() == ']' {
		return p.leave()
	}
	for {
		if p.peek() != '{' {
			if p.value() {
				p.fail(KindNoMessage)
			}
			return false
		}
		if !s.message(p, b) {
			return false
		}
		if more, ok := p.more(']'); !more {
			return ok
		}
	}
}

// message reads one message, whose brace is at hand.
func (s *Scanner) message(p *parser, b *Batch) bool {
	if len(b.Messages) >= s.MaxMessages {
		return p.fail(KindTooManyItems)
	}
	b.Messages = append(b.Messages, Message{})
	m := &b.Messages[len(b.Messages)-1]
	start := p.i
	if !p.enter() {
		return false
	}
	if p.peek() == '}' {
		p.leave()
	} else if !fields(p, m, b) {
		return false
	}
	m.Raw = p.b[start:p.i]
	return true
}

// fields reads the fields of m up to its closing brace.
func fields(p *parser, m *Message, b *Batch) bool {
	var seen Field
	b.others = b.others[:0]
	for {
		at := p.i
		if p.peek() != '"' {
			return p.fail(KindSyntax)
		}
		if !p.str() {
			return false
		}
		key := p.b[at:p.i]
		if p.space(); !p.eat(':') {
			return false
		}
		p.space()
		start := p.i
		if !p.value() {
			return false
		}
		if kind := note(m, b, key, p.b[start:p.i], &seen); kind != 0 {
			p.i = at
			return p.fail(kind)
		}
		if more, ok := p.more('}'); !more {
			return ok
		}
	}
}

// note stores the field of a key, or finds out why it cannot.
func note(m *Message, b *Batch, key, value []byte, seen *Field) Kind {
	name := b.decode(key)
	f, folded := field(name)
	switch {
	case f == fieldNone:
		return b.noteOther(name)
	case folded || *seen&f != 0:
		// Another reader might take either for the field: a policy and a client
		// must never see different messages.
		return KindDuplicate
	}
	*seen |= f
	m.set(f, value, b)
	return 0
}

// noteOther notes a key that the protocol does not name; it must not come twice.
func (b *Batch) noteOther(name []byte) Kind {
	if len(b.others) == maxFields {
		return KindTooManyItems
	}
	for _, known := range b.others {
		if bytes.Equal(known, name) {
			return KindDuplicate
		}
	}
	b.others = append(b.others, name)
	return 0
}
