// Proved by bayeux/testdata/publish*.txt and bayeux/testdata/authority-verdicts.txt.

package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
)

// publish handles a message to any channel but the five meta ones, of a client without a
// session too (Bayeux 1.0, 1.4.10 MUST unconnected-answered).
func (x *exchange) publish(m *message.Message) Ruling {
	s, name := x.s, channel.Canonical(m.Channel)
	info, err := channel.Check(name, s.cfg.Channel)
	if err != nil {
		x.fail(m, reply.ChannelInvalid, "")
		return Allow
	}
	if !x.got.done && s.repeats.repeated(x, m, name) {
		x.beginReply(m, reply.Success)
		x.endReply()
		return Allow
	}
	failure := x.publishFailure(name, info)
	if !failure.Failed() && !x.got.done && s.cfg.Congested != nil && s.cfg.Congested() {
		failure = reply.Congested
	}
	if failure.Failed() {
		x.fail(m, failure, "")
		return Allow
	}
	verdict := x.decide(publishing(x.s.rules, name, info, m))
	switch verdict.Ruling {
	case Wait:
		return Wait
	case Deny:
		x.fail(m, verdict.code(reply.PublishDenied), verdict.Advice.Or(""))
		return Allow
	}
	if info.Kind == channel.Broadcast && !x.got.done {
		s.stats.Published++
		trail, passed := x.trail(name, m)
		if x.broadcast(x.event(name, m, trail), passed, s.rules.Of(name)) == Wait {
			return Wait
		}
	}
	if info.Kind == channel.Service && s.cfg.EchoService && x.session != nil && !x.session.tables.has(inDoomed) {
		x.session.eager = true
		x.queued(s.queues.Push(&x.session.queue, x.event(name, m, event.Trail{})))
	}
	if !x.got.refused.Failed() {
		s.repeats.note(x, m, name)
	}
	x.beginReply(m, x.got.refused)
	e := reply.Ext{Dst: x.replies}
	if verdict.Expiry > x.now {
		e.Lasts(verdict.Expiry - x.now)
	}
	x.replies = e.End()
	x.endReply()
	return Allow
}

// publishing is the question whether m may be published to name.
func publishing(book *rules.Book, name []byte, info channel.Info, m *message.Message) Question {
	q := Question{Operation: OpPublish, Channel: name, Ext: m.Ext}
	if info.Kind == channel.Service {
		q.Data = m.Data
	} else if book.Of(name).Publish == rules.TokenOnly {
		q.Guarded = [][]byte{name}
	}
	return q
}

// trail is the way of a message that is published to name, and whether it came by other servers.
func (x *exchange) trail(name []byte, m *message.Message) (t event.Trail, passed bool) {
	known := x.s.cfg.Routers
	if known == nil {
		return t, false
	}
	if m.Ext != nil {
		t = event.ParseTrail(m.Ext)
	}
	if t.IsZero() {
		return known.Mark(name), false
	}
	return t, true
}

// event encodes what m publishes to name, with the way that it has come.
func (x *exchange) event(name []byte, m *message.Message, trail event.Trail) event.Event {
	e := event.New(name, m.Data, event.Binary(m.Ext)).Trailed(trail)
	if x.s.cfg.Timestamp {
		e = e.Stamped(x.now)
	}
	return e
}

// broadcast publishes e: to local subscribers at once, unless its channel is sequenced, or it
// was passed on by another server; then it comes back to them.
func (x *exchange) broadcast(e event.Event, passed bool, b *rules.Behaviour) Ruling {
	effect := Effect{Kind: Publish, Event: e}
	switch {
	case passed: // in one order with the same message by another way, on whatever loop
		effect.Kind = Pass
	case b.Sequenced():
		effect.Kind = Sequence
	default:
		x.s.Deliver(x.now, e)
	}
	if b.History && x.s.cfg.Durable {
		x.waits = effect
		return Wait
	}
	x.fx.add(effect, x.fx.begin())
	return Allow
}

// publishFailure says why this session, or nobody, may publish there.
func (x *exchange) publishFailure(name []byte, info channel.Info) reply.Code {
	who := rules.SessionOnly
	if info.Kind == channel.Broadcast {
		who = x.s.rules.Of(name).Publish
	}
	switch {
	case info.Kind == channel.Meta: // (Bayeux 1.0, 2.2.2 MUST NOT meta-distributed)
		return reply.MetaUnknown
	case who == rules.ServerOnly || who == rules.KeyOnly:
		return reply.PublishDenied
	case x.req.forsaken: // published here, or by a client that takes 402 for leave to repeat it, it might come twice
		return reply.NodeGone
	case x.session == nil && who != rules.Anybody:
		return x.s.terms.Unknown()
	}
	return reply.Success
}

// CheckPublish says in words why the server's own side may not publish to name,
// or nothing.
func CheckPublish(name []byte, limits channel.Limits) string {
	info, err := channel.Check(name, limits)
	switch {
	case err != nil:
		return err.Error()
	case info.Kind != channel.Broadcast:
		return "meta and service channels are not broadcast"
	}
	return ""
}
