// Proved by TestTranscripts and TestTiredTurnBeginsNothing.

package bayeux

import (
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// run handles messages in order, then those that are left for later, until one has to
// wait. Then it replies.
func (x *exchange) run(messages []message.Message) {
	for x.handle(messages) {
		if len(x.later) == 0 {
			x.reply()
			return
		}
		body, more := x.later[0], false
		x.later = x.later[1:]
		if messages, more = x.scan(body); !more {
			return
		}
	}
}

// handle handles messages in order, until one has to wait, which false tells.
func (x *exchange) handle(messages []message.Message) (all bool) {
	for i := range messages {
		if x.yields(messages[i:]) {
			return false
		}
		x.s.stats.MessagesIn++
		x.s.Spend(1)
		if x.dispatch(&messages[i]) == Wait && x.park(messages[i:]) {
			return false
		}
		x.got = awaited{} // it was for that message alone
	}
	return true
}

// yields parks the messages that are left if the turn has done enough. What was parked
// is handled in any case: its answer is there, and each turn gets on.
func (x *exchange) yields(messages []message.Message) bool {
	s := x.s
	if x.got.rested || !s.Tired() || s.batches.full() {
		x.got.rested = false
		return false
	}
	s.stats.Yields++
	x.waits = Effect{Kind: Yield}
	return x.park(messages)
}

// dispatch handles one message; Wait means that it has to be handled again when
// its verdict is there.
func (x *exchange) dispatch(m *message.Message) Ruling {
	switch {
	case m.Wrong&message.FieldChannel != 0:
		x.fail(m, reply.ChannelInvalid, "")
		return Allow
	case len(m.Channel) == 0:
		x.fail(m, reply.ChannelMissing, "")
		return Allow
	case m.Wrong&message.FieldID != 0 || len(m.ID) > maxID:
		x.fail(m, reply.MessageIDInvalid, "")
		return Allow
	case m.Wrong != 0:
		x.fail(m, reply.FieldInvalid, "")
		return Allow
	}
	x.session = nil
	if string(m.ClientID) == string(x.clientID) {
		x.session = x.s.sessions.find(x.owner)
	}
	x.noteActivity(m)
	return x.operate(m)
}

func (x *exchange) operate(m *message.Message) Ruling {
	if ruling, handled := use(x, m); handled {
		return ruling
	}
	switch string(m.Channel) {
	case metaHandshake:
		return x.handshake(m)
	case metaConnect:
		x.connect(m)
	case metaSubscribe:
		return x.subscribe(m)
	case metaUnsubscribe:
		x.unsubscribe(m)
	case metaDisconnect:
		x.disconnect(m)
	default:
		return x.publish(m)
	}
	return Allow
}

// HasHandshake tells whether handling batch would be a handshake.
func HasHandshake(batch *message.Batch) bool { return findHandshake(batch.Messages) >= 0 }

func findHandshake(messages []message.Message) int {
	for i := range messages {
		if string(messages[i].Channel) == metaHandshake {
			return i
		}
	}
	return -1
}
