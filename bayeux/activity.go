// Proved by bayeux/testdata/activity*.txt.

package bayeux

import (
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// noteActivity remembers that the client did more than to connect.
func (x *exchange) noteActivity(m *message.Message) {
	if x.session == nil || string(m.Channel) == metaConnect {
		return
	}
	x.session.active = x.now
	if string(m.Channel) != metaSubscribe {
		x.s.storms.goOn(x.session)
	}
}

// inactive tells whether the client has sent nothing but connects for longer than
// it may (CometD's activity extension).
func (x *exchange) inactive() bool {
	limit := x.s.periods.maxInactivity
	return limit > 0 && x.alone && x.now-x.session.active > limit
}

// dismiss answers the connect with the end of its session, and before it a poll that is
// held beside the connect of an event-stream's client.
func (x *exchange) dismiss(m *message.Message, kind ConnectionType) {
	if x.session.outlet.holds() {
		x.answerHeld(x.now, connectReply{last: reply.AdviceNone}, x.fx)
	}
	if x.alone && kind != EventSource { // whose client may not have seen yet what its stream brought
		x.hold(m, kind, false, 0)
	} else {
		if !x.s.terms.Salesforce {
			x.open()
			x.replies = append(x.replies, reply.Disconnected...)
		}
		x.answerConnect(m, connectReply{last: reply.AdviceNone, ended: true})
	}
	x.end(x.now, x.fx)
}
