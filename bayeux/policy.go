package bayeux

import (
	"bytes"
	"slices"
)

// Operation is something that a policy may allow or deny.
type Operation uint8

// The operations that a policy decides.
const (
	OpHandshake Operation = iota
	OpSubscribe
	OpPublish
)

// Question asks whether a session may do something: publish to Channel, or subscribe
// to all of Patterns. Both are decoded and canonical, and nil for other operations. Ext
// is the message's ext field, which may hold credentials. All are valid until Decide
// returns, and for as long as one likes in a Decide.
type Question struct {
	Operation Operation
	Session   Address // of a handshake: zero
	Channel   []byte
	Patterns  [][]byte // each once
	Ext       []byte
}

// clone returns q with memory of its own.
func (q Question) clone() Question {
	q.Channel, q.Ext, q.Patterns = bytes.Clone(q.Channel), bytes.Clone(q.Ext), slices.Clone(q.Patterns)
	for i, p := range q.Patterns {
		q.Patterns[i] = bytes.Clone(p)
	}
	return q
}

// Verdict answers a Question.
type Verdict uint8

// The verdicts. Wait is for Policy.Decide alone: the verdict comes with a Report
const (
	Allow Verdict = iota
	Deny
	Wait
)

// Policy decides what a client may do, after the channel rules. Decide must not
// block: what takes time is a Wait.
type Policy interface {
	Decide(Question) Verdict
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

// decide asks the rules' successor, the policy. Once the verdict that a parked
// message waited for is there, it is used in place of the policy's answer.
func (x *exchange) decide(q Question) Verdict {
	if x.done || x.s.cfg.Policy == nil {
		return Allow
	}
	if v := x.verdict; v != Wait {
		x.verdict = Wait
		return v
	}
	v := x.s.cfg.Policy.Decide(q)
	if v == Wait {
		asked := q
		x.waits = Effect{Kind: Decide, Question: &asked}
	}
	return v
}
