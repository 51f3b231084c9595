package client

import (
	"bytes"
	"fmt"
	"strconv"

	"halley/bench/wire"
)

// exchange is a request under way, as far as it takes to know its answer.
type exchange struct {
	what  request
	owner int // the session
	kind  *kind
	id    uint32 // of the message that asks, or of the first that is published
}

// answers reports whether m is the reply that the exchange waits for. Over a websocket only
// its id tells it from what a server says by itself; in a response its kind will do.
func (e *exchange) answers(m *wire.Message) bool {
	if e.what == publish {
		return !m.IsMeta()
	}
	var id [10]byte
	if e.kind.style == wire.WebSocket && !bytes.Equal(m.ID, strconv.AppendUint(id[:0], uint64(e.id), 10)) {
		return false
	}
	name, found := bytes.CutPrefix(m.Channel, []byte("/meta"))
	return found && (string(name) == e.what.suffix() || e.what == subscribe && string(name) == "/subscribe")
}

// place is that of the message in its batch which m, the n-th reply, answers: by its id,
// and by the order where a server sends none.
func (e *exchange) place(m *wire.Message, n int) int {
	if e.what != publish {
		return n
	}
	id, err := strconv.ParseUint(string(m.ID), 10, 32)
	if err != nil {
		return n
	}
	return int(uint32(id) - e.id)
}

// outcome is what a response said to the request it answers.
type outcome struct {
	answered   bool
	successful bool
	problem    string
	advice     wire.Advice
	ext        wire.Ext
	clientID   string
	refused    []int // publishes of the batch that failed, by their place
}

// unadvised is the advice of an outcome before any reply.
func unadvised() wire.Advice { return wire.Advice{Interval: -1} }

// add notes the reply to the message at a place of the request.
func (o *outcome) add(what request, m *wire.Message, place int) {
	o.successful = m.Successful && (o.successful || !o.answered)
	o.answered = true
	if m.ClientID != nil {
		o.clientID = string(m.ClientID)
	}
	if m.Advice != nil {
		o.advice = wire.ParseAdvice(m.Advice)
	}
	if m.Successful {
		return
	}
	o.problem = fmt.Sprintf("%s failed: %s", m.Channel, m.Error)
	if what == publish {
		o.refused = append(o.refused, place)
	}
	if bytes.HasPrefix(m.Error, []byte("402")) && o.advice.Reconnect == wire.Unset {
		o.advice.Reconnect = wire.Handshake // CometD sends this advice on connect replies only
	}
}

// confirm looks whether the answer to a handshake confirms what was asked for.
func (o *outcome) confirm(w wire.Wishes) {
	if !o.successful {
		return
	}
	if w.Acknowledge && !o.ext.Acknowledges {
		o.successful, o.problem = false, "the server does not confirm the acknowledge extension"
	}
	if w.Replay && !o.ext.Replays {
		o.successful, o.problem = false, fmt.Sprintf("%s; the server does not confirm the replay extension", o.problem)
	}
}
