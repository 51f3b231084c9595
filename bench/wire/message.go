package wire

import "bytes"

// Message is one Bayeux message of a reply. The slices point into the parsed body.
type Message struct {
	Channel    []byte
	ClientID   []byte
	ID         []byte
	Error      []byte // the text of the error field
	Data       []byte // the raw value of data, or of that in pub, where Centrifugo has it; nil when there is none
	Advice     []byte // the raw value of advice
	Ext        []byte // the raw value of ext
	ReplayID   int64  // the number that a message of a channel with a history carries; 0 when there is none
	Successful bool
	Answer     bool // the field successful is there, so this is a reply and not a delivery
}

// IsMeta reports whether the message is on a /meta/ channel.
func (m *Message) IsMeta() bool { return bytes.HasPrefix(m.Channel, []byte("/meta/")) }

// IsDelivery reports whether the message brings an event: it has data and answers nothing.
func (m *Message) IsDelivery() bool { return m.Data != nil && !m.Answer && !m.IsMeta() }

// Batch walks over the messages of one response body, which may be an array or a single object.
type Batch struct {
	c     cursor
	array bool
	begun bool
	err   error
}

// NewBatch begins to read body.
func NewBatch(body []byte) Batch {
	b := Batch{c: cursor{buf: body}}
	b.array = b.c.take('[')
	return b
}

// Next reads the next message into m and reports whether there was one.
func (b *Batch) Next(m *Message) bool {
	if b.err != nil {
		return false
	}
	if b.ended() {
		return false
	}
	*m = Message{}
	if err := b.c.members(0, m.set); err != nil {
		b.err = err
		return false
	}
	return true
}

// Err is the fault that ended the walk early, or nil.
func (b *Batch) Err() error { return b.err }

// ended looks for the end of the batch and steps over the comma between two messages.
func (b *Batch) ended() bool {
	first := !b.begun
	b.begun = true
	if !b.array {
		if !first {
			b.finish()
		}
		return !first
	}
	if b.c.take(']') {
		b.finish()
		return true
	}
	if !first && !b.c.take(',') {
		b.err = ErrJSON
	}
	return b.err != nil
}

func (b *Batch) finish() {
	b.c.space()
	if b.c.at != len(b.c.buf) {
		b.err = ErrJSON
	}
	b.array, b.begun = false, true
}

func (m *Message) set(key, value []byte) {
	switch string(key) {
	case "channel":
		m.Channel = unquote(value)
	case "clientId":
		m.ClientID = unquote(value)
	case "id":
		m.ID = unquote(value)
	case "ext":
		m.Ext = value
	case "replayId":
		m.ReplayID, _ = integer(value)
	case "error":
		m.Error = unquote(value)
	case "data":
		m.Data = value
	case "pub":
		m.Data = member(value, "data")
	case "advice":
		m.Advice = value
	case "successful":
		m.Answer, m.Successful = true, string(value) == "true"
	}
}

// Reconnect is what the server advises a client to do next.
type Reconnect uint8

// The values of the advice field reconnect (Bayeux 1.0, 3.6.1); Unset when it is not given.
const (
	Unset Reconnect = iota
	Retry
	Handshake
	None
)

// Advice is the part of an advice object that a load generator obeys.
type Advice struct {
	Reconnect Reconnect
	Interval  int64 // milliseconds before the next connect; -1 when it is not given
	Timeout   int64 // milliseconds that a connect may be held; 0 when it is not given
}

// ParseAdvice reads an advice span; what is missing or malformed stays unset.
func ParseAdvice(span []byte) Advice {
	a := Advice{Interval: -1}
	c := cursor{buf: span}
	_ = c.members(0, func(key, value []byte) { // malformed advice is no advice
		switch string(key) {
		case "reconnect":
			a.Reconnect = reconnect(unquote(value))
		case "interval":
			if n, ok := integer(value); ok {
				a.Interval = n
			}
		case "timeout":
			if n, ok := integer(value); ok {
				a.Timeout = n
			}
		}
	})
	return a
}

func reconnect(word []byte) Reconnect {
	switch string(word) {
	case "retry":
		return Retry
	case "handshake":
		return Handshake
	case "none":
		return None
	}
	return Unset
}

// Unwrap takes the JSONP call off a callback-polling body: cb([...]) with an optional
// comment in front and semicolon behind. ok is false when the call is not there.
func Unwrap(body []byte, callback string) (inner []byte, ok bool) {
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("/**/"))
	body = bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(body), []byte(";")))
	rest, ok := bytes.CutPrefix(body, []byte(callback+"("))
	if !ok {
		return nil, false
	}
	return bytes.CutSuffix(rest, []byte(")"))
}
