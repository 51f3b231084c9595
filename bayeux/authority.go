package bayeux

import (
	"bytes"
	"slices"
	"strings"

	"halley/bayeux/reply"
)

// Operation is something that an Authority may allow or deny.
type Operation uint8

// The operations that an Authority decides.
const (
	OpHandshake Operation = iota
	OpSubscribe
	OpPublish
	OpUse // of a session by any other message of it, see Watcher
)

// Known tells whether o is one of the operations.
func (o Operation) Known() bool { return o <= OpUse }

// Authority decides what a client may do, after the channel rules. This is where a token
// is checked.
type Authority interface {
	// Fields names the header fields that its questions carry. It is called once.
	Fields() []string
	// Decide answers a question on the event loop, so it must not block. Where an answer
	// takes time the ruling is Wait: Ask is called then, and other requests go on.
	Decide(Question) Verdict
	// Ask answers a question that Decide could not. It is called on the event loop too, and
	// calls answer once, now or later, from any goroutine. A ruling of Wait denies.
	Ask(q Question, answer func(Verdict))
}

// Watcher is an Authority that may want to be asked whenever a session is used, by a connect, an
// unsubscribe, a disconnect or a request for its event-stream too. Others are asked about
// such a connect only if its ext brings credentials, a field auth.
type Watcher interface{ Watches() bool }

// Watches tells whether a wants to be asked whenever a session is used.
func Watches(a Authority) bool {
	w, can := a.(Watcher)
	return can && w.Watches()
}

// Question asks whether a session may do something: publish to Channel, or subscribe
// to all of Patterns. Both are decoded and canonical, and nil for other operations. Ext
// is the message's ext field, which may hold credentials. All are valid until Decide
// returns, and for as long as one likes in an Ask.
type Question struct {
	Operation Operation
	Session   Address // of a handshake: zero
	Channel   []byte
	Patterns  [][]byte // each once
	Guarded   [][]byte // those of them, or the channel, for which a rule wants a token, and whose presence is told there
	Data      []byte   // what is published to a service channel, as JSON
	Ext       []byte
	Claims    string  // what verdicts have given the session
	Caller    *Caller // who asks; nil where nothing is known
}

// clone returns q with memory of its own.
func (q Question) clone() Question {
	q.Channel, q.Ext, q.Data = bytes.Clone(q.Channel), bytes.Clone(q.Ext), bytes.Clone(q.Data)
	q.Patterns, q.Guarded = cloneAll(q.Patterns), cloneAll(q.Guarded)
	return q
}

func cloneAll(list [][]byte) [][]byte {
	list = slices.Clone(list)
	for i, p := range list {
		list[i] = bytes.Clone(p)
	}
	return list
}

// Caller is who sends a request, as far as its connection and its head tell. It never
// changes, so that it may be kept.
type Caller struct {
	Identity string  // what the connection has proved, opaque; empty where it has proved nothing
	Address  string  // of the peer: host:port
	Socket   uint64  // the number of its websocket, which no other has had; 0: it came by a request
	Fields   []Field // those header fields of the request that Authority.Fields names, in order
}

// Field is one line of a request's header.
type Field struct{ Name, Value string }

// Field is the value of the header field of that name, in any case: its first line, empty
// if it has none.
func (c *Caller) Field(name string) string {
	if c == nil {
		return ""
	}
	for _, f := range c.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Ruling is the yes or no of a Verdict.
type Ruling uint8

// The rulings. Wait is for Authority.Decide alone: the verdict comes with a Report.
const (
	Allow Ruling = iota
	Deny
	Wait
)

// Known tells whether r is one of the rulings.
func (r Ruling) Known() bool { return r <= Wait }

// Verdict answers a Question. The zero value allows, and changes nothing.
type Verdict struct {
	Ruling Ruling
	// Reason is why it denies, the text of a 403 (Bayeux 1.0, 3.13): a word such as
	// token_expired, of letters, digits, '_', '-', '.'. Empty is the text that is usual for
	// the operation.
	Reason string
	// Unknown has a denied client told that there is no such session: it is another's.
	Unknown bool
	// Advice is what a denied client is to do; the zero value advises what is usual.
	Advice reply.Advice
	// Claims are what it knows of the client, opaque: they are kept with the session, of
	// which later questions have them. Empty leaves those of before. Longer ones than
	// MaxClaims deny.
	Claims string
	// Expiry is when the session ends, in milliseconds since 1970; its client is told how long
	// that is, and then to shake hands again. 0 leaves it as it was: without one the session
	// does not end by it.
	Expiry int64
}

const (
	// MaxClaims is how many bytes an Authority may keep with a session.
	MaxClaims = 4 << 10
	maxReason = 64
)

// checked is v within its limits.
func (v Verdict) checked() Verdict {
	if len(v.Claims) > MaxClaims {
		return Verdict{Ruling: Deny, Reason: "claims_too_long"}
	}
	return v
}

// decided is v as the answer to an Ask, which cannot wait again.
func (v Verdict) decided() Verdict {
	if v.Ruling == Wait {
		v.Ruling = Deny
	}
	return v.checked()
}

// code is the error of a denial: the reason if it is a word, else the usual one.
func (v Verdict) code(usual reply.Code) reply.Code {
	if v.Unknown {
		return reply.SessionUnknown
	}
	if v.Reason == "" || len(v.Reason) > maxReason || strings.ContainsFunc(v.Reason, notInWord) {
		return usual
	}
	return reply.Code{Code: 403, Text: v.Reason}
}

func notInWord(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	return !letter && !('0' <= c && c <= '9') && c != '_' && c != '-' && c != '.'
}

// Ticket names a question that waits for its verdict.
type Ticket uint64

// Browsers counts the held polls of each browser across all loops.
type Browsers interface {
	// Hold counts one more held poll and returns how many there are.
	Hold(browser uint64) int
	// Release counts one less.
	Release(browser uint64)
	// Named is the number of the browser that calls itself name.
	Named(name []byte) uint64
}
