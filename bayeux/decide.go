// Proved by TestQuestions, TestGuardedChannels, TestUse, TestClaimsAreBounded and TestMayAsk.

package bayeux

import (
	"slices"

	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// decide asks the rules' successor, the authority, and notes what it grants to the
// session. Once the verdict that a parked message waited for is there, it is used in
// place of the authority's answer.
func (x *exchange) decide(q Question) Verdict {
	switch {
	case x.got.done:
		return Verdict{}
	case x.s.cfg.Authority == nil:
		return unattended(q)
	}
	of := x.session
	if q.Operation == OpHandshake {
		of = nil
	}
	if q.Caller = x.req.Caller; of != nil {
		q.Session, q.Claims = x.s.sessions.address(x.slot), x.s.grants.claims[x.slot]
	}
	var v Verdict
	if x.got.verdict != nil {
		v, x.got.verdict = *x.got.verdict, nil
	} else {
		v = x.s.cfg.Authority.Decide(q).checked()
	}
	switch {
	case v.Ruling == Wait:
		asked := q
		x.waits = Effect{Kind: Decide, Question: &asked}
	case v.Ruling == Allow && of != nil:
		x.s.grants.give(x.slot, x.now, v)
		x.proved = x.owner
	case v.Ruling == Deny && v.Unknown && x.clientID != nil:
		x.owner, x.slot, x.session = nowhere, noSlot, nil // nothing of it for who asks
	}
	return v
}

// unattended is the verdict where nobody looks at tokens.
func unattended(q Question) (v Verdict) {
	if len(q.Guarded) > 0 {
		v.Ruling, v.Reason = Deny, "token_unavailable"
	}
	return v
}

// use asks about a message that does nothing but use its session, if the authority wants to be
// asked or the message has credentials. It tells whether that was all: the message waits, or is refused.
func use(x *exchange, m *message.Message) (ruling Ruling, handled bool) {
	a := x.s.cfg.Authority
	if a == nil || x.session == nil || asksItself(m) || !Watches(a) && message.Get(m.Ext, "auth") == nil {
		return Allow, false
	}
	switch v := x.decide(Question{Operation: OpUse, Ext: m.Ext}); v.Ruling {
	case Wait:
		return Wait, true
	case Deny:
		usual := ""
		if string(m.Channel) == metaConnect {
			usual = reply.AdviceHandshake
		}
		x.fail(m, v.code(x.s.terms.Unknown()), v.Advice.Or(usual))
		return Allow, true
	}
	return Allow, false
}

// MayAsk tells whether an authority may be asked about a message of batch.
func MayAsk(batch *message.Batch) bool {
	return slices.ContainsFunc(batch.Messages, func(m message.Message) bool { return asksItself(&m) })
}

// asksItself tells of a message that an authority is asked about for more than that it uses its session.
func asksItself(m *message.Message) bool {
	switch string(m.Channel) {
	case metaConnect, metaUnsubscribe, metaDisconnect:
		return false
	}
	return true
}
