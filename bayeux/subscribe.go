package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/message"
)

// subscribe handles /meta/subscribe. One bad or denied pattern fails the whole
// message, and then nothing is subscribed.
func (x *exchange) subscribe(m *message.Message) Verdict {
	if x.session == nil {
		x.fail(m, x.s.sessionUnknown(), "")
		return Allow
	}
	failure, verdict := x.checkSubscription(m)
	if verdict == Wait {
		return Wait
	}
	replay := message.Get(m.Ext, "replay")
	if failure == "" && !x.done {
		if wanted := x.s.wantedOf(m.Subscription, replay); wanted != nil {
			return x.join(wanted)
		}
	}
	if failure == "" {
		failure = x.past.Failure
	}
	if failure == "" {
		x.subscribeAll(m, replay)
	}
	x.answerSubscription(m, failure)
	return Allow
}

// subscribeAll makes the subscriptions of m, which are allowed, and queues what
// they brought of the past.
func (x *exchange) subscribeAll(m *message.Message, replay []byte) {
	interval, paced := message.Integer(message.Get(message.Get(m.Ext, "conflate"), "interval"))
	message.Strings(m.Subscription, func(raw []byte) bool {
		pattern := channel.Canonical(raw)
		if _, again := cursorFor(replay, raw); again && x.s.table.Has(channel.Subscriber(x.slot), pattern) {
			x.s.purge(x.slot, &x.session.queue, pattern)
		}
		x.subscribeTo(pattern)
		if paced || x.session.paced {
			x.s.ask(x.slot, x.session, pattern, min(max(interval, 0), maxAskedInterval))
		}
		return true
	})
	x.s.remember(x.slot, x.session, x.past)
}

// maxAskedInterval is the longest interval that a subscription can ask for, in
// milliseconds.
const maxAskedInterval = 3_600_000

func (x *exchange) subscribeTo(pattern []byte) {
	if isService(pattern) {
		return // nothing is ever broadcast there
	}
	if x.s.table.Subscribe(channel.Subscriber(x.slot), pattern).Edge {
		x.fx.interest(AddInterest, pattern)
	}
}

// answerSubscription echoes the subscription as the client wrote it.
func (x *exchange) answerSubscription(m *message.Message, failure string) {
	x.begin(m, failure)
	if m.Subscription != nil {
		x.replies = append(append(x.replies, `,"subscription":`...), m.Subscription...)
	}
	x.endMeta(m, ext{dst: x.replies})
}

// checkSubscription finds out whether every pattern of m may be subscribed to.
func (x *exchange) checkSubscription(m *message.Message) (failure string, verdict Verdict) {
	s, added, patterns := x.s, 0, 0
	ok := message.Strings(m.Subscription, func(raw []byte) bool {
		patterns++
		pattern := channel.Canonical(raw)
		if failure = s.patternFailure(pattern); failure != "" {
			return false
		}
		if !isService(pattern) && !s.table.Has(channel.Subscriber(x.slot), pattern) {
			added++
		}
		return true
	})
	switch {
	case failure != "":
		return failure, Allow
	case m.Subscription == nil || ok && patterns == 0:
		return errSubscriptionMissing, Allow
	case !ok:
		return errSubscriptionInvalid, Allow
	case added+s.table.Count(channel.Subscriber(x.slot)) > s.cfg.MaxSubscriptions:
		return errSubscriptionsFull, Allow
	}
	switch x.decide(x.question(OpSubscribe, m.Subscription, m)) {
	case Wait:
		return "", Wait
	case Deny:
		return errSubscribeDenied, Allow
	}
	return "", Allow
}

func (x *exchange) question(op Operation, channel []byte, m *message.Message) Question {
	q := Question{Operation: op, Channel: channel, Ext: m.Ext}
	if x.session != nil {
		q.Session = x.s.address(x.slot, x.session)
	}
	return q
}

// patternFailure says why nobody may subscribe to pattern, or nothing.
func (s *Server) patternFailure(pattern []byte) string {
	info, err := channel.Check(pattern, s.cfg.Channel)
	switch {
	case err != nil:
		return errSubscriptionInvalid
	case info.Kind == channel.Meta:
		return errSubscribeMeta
	case info.Kind == channel.Broadcast && !s.cfg.Rules.subscribable(pattern, info.Wildcard):
		return errSubscribeDenied
	}
	return ""
}

// unsubscribe handles /meta/unsubscribe; what is not subscribed is no error.
func (x *exchange) unsubscribe(m *message.Message) {
	if x.session == nil {
		x.fail(m, x.s.sessionUnknown(), "")
		return
	}
	failure, patterns := "", 0
	ok := message.Strings(m.Subscription, func(raw []byte) bool {
		patterns++
		info, err := channel.Check(channel.Canonical(raw), x.s.cfg.Channel)
		if err == nil && info.Kind == channel.Meta {
			failure = errUnsubscribeFailed
		}
		return err == nil && failure == ""
	})
	switch {
	case failure != "":
	case m.Subscription == nil || ok && patterns == 0:
		failure = errSubscriptionMissing
	case !ok:
		failure = errSubscriptionInvalid
	default:
		message.Strings(m.Subscription, func(raw []byte) bool {
			x.unsubscribeFrom(channel.Canonical(raw))
			return true
		})
	}
	x.answerSubscription(m, failure)
}

func (x *exchange) unsubscribeFrom(pattern []byte) {
	if x.session.paced {
		x.s.ask(x.slot, x.session, pattern, 0)
	}
	if x.session.replaying {
		x.s.unread[x.slot].left = true // others of its subscriptions may share what is read
	}
	if x.s.table.Unsubscribe(channel.Subscriber(x.slot), pattern).Edge {
		x.s.dropInterest(pattern, x.fx)
	}
}

const servicePrefix = "/service/"

func isService(name []byte) bool {
	return len(name) > len(servicePrefix) && string(name[:len(servicePrefix)]) == servicePrefix
}
