// Proved by TestUndelivered.

package bus

import "halley/bayeux"

// Undelivered is what a loop of this node has to be told since m, for a loop of another one, will not get there: that a reply has
// not left, that a connection is gone, or that a request has not come to its session. False: there is nothing to tell.
func Undelivered(m *Message) (Message, bool) {
	switch m.Kind {
	case Effect:
		return undone(m.Effect, m.From)
	case Batch, Open:
		return Message{To: m.Request.To.Place(), Kind: Lost, Request: bayeux.Request{To: m.Request.To}}, true
	}
	return Message{}, false
}

// undone is what a core has to be told of an effect on a connection that nobody will carry out.
func undone(e *bayeux.Effect, from bayeux.Place) (Message, bool) {
	told := Message{To: e.Session.Place(), Kind: Report}
	switch {
	case e.Kind == bayeux.Hold, e.Kind == bayeux.Stream:
		told.Report = bayeux.Report{Kind: bayeux.Gone, Session: e.Session, To: e.To}
	case e.Kind == bayeux.Yield:
		told.To, told.Report = from, bayeux.Report{Kind: bayeux.GiveUp, To: e.To, Ticket: e.Ticket}
	case e.Numbered:
		told.Report = bayeux.Report{Kind: bayeux.Bounced, Session: e.Session, Upto: e.Upto}
	default:
		return Message{}, false
	}
	return told, true
}
