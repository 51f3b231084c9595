// Proved by TestQuestions, TestClaimsAreBounded and TestMayAsk.

package bayeux

import (
	"slices"

	"halley/bayeux/message"
)

// decide asks the rules' successor, the authority, and notes what it grants to the
// session. Once the verdict that a parked message waited for is there, it is used in
// place of the authority's answer.
func (x *exchange) decide(q Question) Verdict {
	if x.got.done || x.s.cfg.Authority == nil {
		return Verdict{}
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
	}
	return v
}

// MayAsk tells whether an authority may be asked about a message of batch.
func MayAsk(batch *message.Batch) bool {
	return slices.ContainsFunc(batch.Messages, func(m message.Message) bool {
		switch string(m.Channel) {
		case metaConnect, metaUnsubscribe, metaDisconnect:
			return false
		}
		return true
	})
}
