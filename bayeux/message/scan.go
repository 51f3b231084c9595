package message

import (
	"bytes"
	"hash/maphash"
)

// maxOthers is how many fields that the protocol does not name a message may have.
// It names eleven itself. Each is compared with those before it.
const maxOthers = 64

// Scanner reads batches. A zero limit means none at all is allowed.
type Scanner struct {
	// MaxDepth are the levels of arrays and objects, those of the batch included.
	MaxDepth    int `name:"max-depth" group:"limits" default:"64" min:"4" max:"1000" help:"Nesting of JSON."`
	MaxMessages int `name:"max-batch" group:"limits" default:"1000" min:"1" max:"1048576" help:"Messages of one request."`
}

// Scan reads body, one message or an array of them, into b, which it overwrites.
// A body of null is an empty array.
// An error is an Error; b is of no use then.
func (s *Scanner) Scan(body []byte, b *Batch) error {
	b.Messages, b.scratch = b.Messages[:0], b.scratch[:0]
	p := parser{b: body, depth: s.MaxDepth}
	i := p.space(0)
	switch p.at(i) {
	case '[':
		i = s.messages(&p, b, i)
	case 'n':
		i = p.literal(i, "null")
	default:
		i = s.message(&p, b, i)
	}
	p.end(i)
	return p.err()
}

// Each is Scan that keeps one message at a time and hands it to visit, for bodies whose
// messages together take many times its length. The Message is valid during the call,
// its spans as long as body and b are. It returns how many messages had begun.
func (s *Scanner) Each(body []byte, b *Batch, visit func(*Message)) (begun int, err error) {
	b.visit, b.visited = visit, 0
	err = s.Scan(body, b)
	begun = b.visited + len(b.Messages)
	b.visit, b.visited = nil, 0
	return begun, err
}

func (s *Scanner) messages(p *parser, b *Batch, i int) int {
	i = p.enter(i)
	if p.at(i) == ']' {
		return p.leave(i)
	}
	for more := i != broken; more; {
		i, more = p.next(s.message(p, b, i), ']')
	}
	return i
}

// message reads one message.
func (s *Scanner) message(p *parser, b *Batch, i int) int {
	if p.at(i) != '{' {
		p.value(i) // what is no JSON at all has its own fault
		return p.fail(KindNoMessage, i)
	}
	if b.visited+len(b.Messages) >= s.MaxMessages {
		return p.fail(KindTooManyMessages, i)
	}
	b.Messages = append(b.Messages, Message{})
	m := &b.Messages[len(b.Messages)-1]
	end := fields(p, m, b, i)
	if end == broken {
		return end
	}
	m.Raw = p.b[i:end]
	if b.visit != nil {
		b.visit(m)
		b.visited++
		b.Messages = b.Messages[:0]
	}
	return end
}

// fields reads the object m.
func fields(p *parser, m *Message, b *Batch, i int) int {
	i = p.enter(i)
	if p.at(i) == '}' {
		return p.leave(i)
	}
	b.others = b.others[:0]
	var seen Field
	for more := i != broken; more; {
		end, escaped := p.key(i)
		start := p.colon(end)
		stop, valueEscaped := p.valueOrString(start)
		if stop == broken {
			return broken
		}
		f, kind := b.note(b.decode(p.b[i:end], escaped), &seen)
		if kind != 0 {
			return p.fail(kind, i)
		}
		m.set(f, p.b[start:stop], valueEscaped, b)
		i, more = p.next(stop, '}')
	}
	if m.Has = seen; len(b.others) > 0 {
		m.Has |= FieldOther
	}
	return i
}

// valueOrString is value that tells whether a string has escapes.
func (p *parser) valueOrString(i int) (end int, escaped bool) {
	if p.at(i) == '"' {
		return p.str(i)
	}
	return p.value(i), false
}

// note finds the field that name stands for and adds it to those seen, or finds out
// why it must not be there.
func (b *Batch) note(name []byte, seen *Field) (Field, Kind) {
	f := fieldOf(name)
	switch {
	case f == fieldNone:
		return f, b.noteOther(name)
	case *seen&f != 0:
		// Another reader might take either for the field: a policy and a client
		// must never see different messages.
		return f, KindDuplicate
	}
	*seen |= f
	return f, 0
}

// noteOther notes a key that the protocol does not name. It must not come twice, and
// not be one that a reader who ignores case takes for a field.
func (b *Batch) noteOther(name []byte) Kind {
	if isVariant(name) {
		return KindDuplicate
	}
	if len(b.others) == maxOthers {
		return KindTooManyFields
	}
	if b.seed == (maphash.Seed{}) {
		b.seed = maphash.MakeSeed()
	}
	// Only equal hashes, which nobody outside can foresee, cost a comparison.
	hash := maphash.Bytes(b.seed, name)
	for i := range b.others {
		if b.others[i].hash == hash && bytes.Equal(b.others[i].name, name) {
			return KindDuplicate
		}
	}
	b.others = append(b.others, other{hash, name})
	return 0
}
