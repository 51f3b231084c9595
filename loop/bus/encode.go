package bus

import (
	"errors"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
)

// Messages for another node are encoded: a byte for the version, then the fields of the message in the order of the functions
// below. Integers are big-endian and of fixed length, texts and lists have their length before them in four bytes. So each
// message has one encoding.

// Version is that of the encoding, the first byte of each message. Oldest is the oldest one that this package can read and write.
const (
	Version = 1
	Oldest  = 1
)

// MaxEncoded is how long an encoded message may be, in bytes.
const MaxEncoded = 64 << 20

// ErrVersion means that a message was encoded by another version.
var ErrVersion = errors.New("message of another version")

// ErrMalformed means that some bytes are no encoded message, or one that no loop could do anything with.
var ErrMalformed = errors.New("malformed message")

// AppendMessage appends the encoding of m, all but its Flow.
func AppendMessage(dst []byte, m *Message) []byte {
	c := coder{out: append(dst, Version)}
	c.message(m)
	return c.out
}

// ParseMessage reads what AppendMessage has written; b is a whole message. What is no text of the message lies in b. The error
// is ErrVersion or ErrMalformed.
func ParseMessage(b []byte) (m Message, err error) {
	switch {
	case len(b) == 0 || len(b) > MaxEncoded:
		return m, ErrMalformed
	case b[0] != Version:
		return m, ErrVersion
	}
	c := coder{reading: true, in: b[1:]}
	if c.message(&m); c.failed || len(c.in) > 0 || !m.sound() {
		return Message{}, ErrMalformed
	}
	return m, nil
}

// sound tells whether m has what its kind needs.
func (m *Message) sound() bool {
	switch m.Kind {
	case Publish:
		return m.Event.Valid()
	case Effect:
		return soundEffect(m.Effect)
	case Report:
		return soundReport(&m.Report)
	}
	return true
}

func soundEffect(e *bayeux.Effect) bool {
	switch e.Kind {
	case bayeux.Publish, bayeux.Sequence, bayeux.Pass:
		return e.Event.Valid()
	case bayeux.Decide:
		return e.Question != nil
	}
	return true
}

func soundReport(p *bayeux.Report) bool {
	switch p.Kind {
	case bayeux.Decided:
		return p.Verdict != nil
	case bayeux.Joined, bayeux.Recalled:
		return p.Past != nil
	}
	return true
}

func (c *coder) message(m *Message) {
	c.place(&m.To)
	c.place(&m.From)
	enum(c, &m.Kind)
	c.bool(&m.Quiet)
	switch m.Kind {
	case Effect:
		if c.reading {
			m.Effect = new(bayeux.Effect)
		}
		c.effect(m.Effect)
		c.bytes(&m.Data)
	case Report:
		c.report(&m.Report)
	case Publish:
		text(c, &m.Event)
	case LetGo:
		c.address(&m.Report.Session)
		c.replyTo(&m.Report.To)
	default:
		c.request(&m.Request)
		c.uint32(&m.Worked)
		c.bytes(&m.Data)
	}
}

func (c *coder) effect(e *bayeux.Effect) {
	enum(c, &e.Kind)
	enum(c, &e.Type)
	c.bool(&e.Numbered)
	c.bool(&e.Anonymous)
	c.bool(&e.Gap)
	c.bool(&e.More)
	c.uint16(&e.Status)
	c.replyTo(&e.To)
	c.address(&e.Session)
	c.uint32(&e.Upto)
	c.uint64(&e.Browser)
	text(c, &e.Event)
	number(c, &e.Ticket)
	if some(c, &e.Question) {
		c.question(e.Question)
	}
	items(c, &e.Wanted, wantedBytes, c.wanted)
}

func (c *coder) report(p *bayeux.Report) {
	enum(c, &p.Kind)
	if some(c, &p.Verdict) {
		c.verdict(p.Verdict)
	}
	c.uint32(&p.Upto)
	c.address(&p.Session)
	c.uint32(&p.Took)
	c.replyTo(&p.To)
	number(c, &p.Ticket)
	text(c, &p.Failure)
	if some(c, &p.Past) {
		c.remembered(p.Past)
	}
}

func (c *coder) request(q *bayeux.Request) {
	c.replyTo(&q.To)
	c.uint64(&q.Browser)
	c.uint64(&q.Peer)
	enum(c, &q.Type)
	c.bool(&q.Program)
	if some(c, &q.Caller) {
		c.caller(q.Caller)
	}
}

func (c *coder) question(q *bayeux.Question) {
	enum(c, &q.Operation)
	c.address(&q.Session)
	c.bytes(&q.Channel)
	items(c, &q.Patterns, textBytes, c.bytes)
	items(c, &q.Guarded, textBytes, c.bytes)
	c.bytes(&q.Data)
	c.bytes(&q.Ext)
	text(c, &q.Claims)
	if some(c, &q.Caller) {
		c.caller(q.Caller)
	}
}

func (c *coder) verdict(v *bayeux.Verdict) {
	enum(c, &v.Ruling)
	text(c, &v.Reason)
	c.bool(&v.Unknown)
	enum(c, &v.Advice.Reconnect)
	number(c, &v.Advice.Interval)
	text(c, &v.Claims)
	number(c, &v.Expiry)
}

func (c *coder) caller(l *bayeux.Caller) {
	text(c, &l.Identity)
	text(c, &l.Address)
	c.uint64(&l.Socket)
	items(c, &l.Fields, 2*textBytes, func(f *bayeux.Field) {
		text(c, &f.Name)
		text(c, &f.Value)
	})
}

// The least bytes of what stands in lists.
const (
	textBytes   = 4
	wantedBytes = textBytes + 1 + 8 + 1
	entryBytes  = 8 + 8 + 2*textBytes
)

func (c *coder) wanted(w *history.Wanted) {
	text(c, &w.Pattern)
	c.bool(&w.Replay)
	number(c, &w.After)
	c.bool(&w.Lenient)
}

func (c *coder) remembered(r *history.Remembered) {
	items(c, &r.Entries, entryBytes, c.entry)
	items(c, &r.Replays, wantedBytes, c.wanted)
	number(c, &r.Upto)
	items(c, &r.Missed, textBytes, func(s *string) { text(c, s) })
	text(c, &r.Failure)
}

func (c *coder) entry(e *history.Entry) {
	number(c, &e.ID)
	number(c, &e.At)
	text(c, &e.Channel)
	text(c, &e.Event)
	c.failed = c.failed || !event.Event(e.Event).Valid()
}

func (c *coder) replyTo(to *bayeux.ReplyTo) {
	c.uint16(&to.Node)
	c.uint16(&to.Loop)
	c.uint32(&to.Conn)
	c.uint32(&to.Gen)
	c.uint32(&to.Serial)
}

func (c *coder) address(a *bayeux.Address) {
	c.uint16(&a.Node)
	c.uint16(&a.Loop)
	c.uint32(&a.Slot)
	c.uint32(&a.Gen)
}

func (c *coder) place(p *bayeux.Place) {
	c.uint16(&p.Node)
	c.uint16(&p.Loop)
}
