// Proved by bayeux/testdata/activity*.txt.

package bayeux

import "halley/bayeux/message"

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
