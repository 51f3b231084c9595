// Proved by bayeux/testdata/subscribe*.txt and bayeux/testdata/salesforce-filter.txt.

package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// subscribe handles /meta/subscribe (Bayeux 1.0, 4.4 MUST subscribe-answered). One bad or denied pattern fails the whole
// message, and then nothing is subscribed.
func (x *exchange) subscribe(m *message.Message) Ruling {
	if x.session == nil {
		x.fail(m, x.s.terms.Unknown(), "")
		return Allow
	}
	asked, failure := x.s.reader.read(m)
	if !failure.Failed() {
		failure = asked.filterFailure(x.s.fanout, x.slot)
	}
	var verdict Verdict
	if !failure.Failed() {
		if failure, verdict = x.admitSubscription(&asked, m.Ext); verdict.Ruling == Wait {
			return Wait
		}
	}
	if !failure.Failed() && !x.got.done {
		if wanted := asked.wanted(x.s); wanted != nil {
			return x.join(wanted)
		}
	}
	if !failure.Failed() {
		failure = x.got.refused
	}
	if !failure.Failed() {
		x.subscribeAll(&asked)
	}
	x.answerSubscription(m, failure, verdict.Advice)
	return Allow
}

// subscribeAll makes the subscriptions that were asked for, which are allowed, and
// queues what they brought of the past.
func (x *exchange) subscribeAll(asked *subscription) {
	s, r := x.s, x.session
	again := asked.again(s.fanout, x.slot, s.rules)
	if again.Len() > 0 {
		s.queues.Recall(&r.queue, recallable(&again, s.rules))
	}
	limited := asked.limited || s.fanout.HasIntervals(x.slot)
	if limited {
		x.freezeAsked()
	}
	for i, pattern := range asked.patterns {
		x.subscribeTo(pattern)
		if asked.filters != nil && asked.filters[i] != nil {
			s.fanout.SetFilter(x.slot, pattern, asked.filters[i])
		}
		if limited {
			s.fanout.SetInterval(x.slot, pattern, asked.interval)
		}
	}
	s.replays.catchUp(x.seat).remember(x.got.past)
}

func (x *exchange) subscribeTo(pattern []byte) {
	if isService(pattern) {
		return // nothing is ever broadcast there (Bayeux 1.0, 2.2.3 SHOULD NOT service-recorded)
	}
	fresh := roll{x.seat}.stranger(pattern)
	if x.s.fanout.Subscribe(x.slot, pattern) {
		x.fx.interest(AddInterest, pattern)
	}
	if fresh {
		roll{x.seat}.enters(pattern)
	}
}

// answerSubscription echoes the subscription as the client wrote it.
func (x *exchange) answerSubscription(m *message.Message, failure reply.Code, advice reply.Advice) {
	x.beginReply(m, failure)
	if x.session != nil {
		x.replies = x.s.composer.client(x.replies, x.slot, x.session)
	}
	x.echoSubscription(m)
	if told := advice.Or(""); told != "" {
		x.replies = reply.AppendAdvice(x.replies, told)
	}
	x.endMeta(m, reply.Ext{Dst: x.replies})
}

// admitSubscription finds out whether every pattern may be subscribed to. The
// authority is asked once about all of them.
func (x *exchange) admitSubscription(asked *subscription, ext []byte) (failure reply.Code, verdict Verdict) {
	s, added, wildcards := x.s, 0, 0
	for _, pattern := range asked.patterns {
		if failure = s.reader.check(pattern); failure.Failed() {
			return failure, verdict
		}
		if !isService(pattern) && !s.fanout.Has(x.slot, pattern) {
			added++
			if channel.IsWildcard(pattern) && !s.fanout.Known(pattern) {
				wildcards++
			}
		}
	}
	if added+s.fanout.Count(x.slot) > s.cfg.MaxSubscriptions {
		return reply.SubscriptionsFull, verdict
	}
	if x.session.tables.has(inReplays) && s.replays.of[x.slot].exceeds(s.cfg.MaxSubscriptions, asked) {
		return reply.SubscriptionsFull, verdict
	}
	switch {
	case added == 0 || x.got.done:
	case s.cfg.crowded():
		return reply.Congested, verdict
	case s.cfg.tooWide(wildcards):
		return reply.WildcardsFull, verdict
	}
	verdict = x.decide(Question{Operation: OpSubscribe, Patterns: asked.patterns, Guarded: s.reader.guarded(asked.patterns), Ext: ext})
	if verdict.Ruling == Deny {
		failure = verdict.code(reply.SubscribeDenied)
	}
	return failure, verdict
}

// unsubscribe handles /meta/unsubscribe (Bayeux 1.0, 4.5 MUST unsubscribe-answered); what is not subscribed is no error.
func (x *exchange) unsubscribe(m *message.Message) {
	if x.session == nil {
		x.fail(m, x.s.terms.Unknown(), "")
		return
	}
	patterns, failure := x.s.reader.patternsOf(m.Subscription)
	for i := 0; i < len(patterns) && !failure.Failed(); i++ {
		patterns[i], _, _ = x.s.reader.splitFilter(patterns[i])
		info, err := channel.Check(patterns[i], x.s.cfg.Channel)
		switch {
		case err != nil:
			failure = reply.SubscriptionInvalid
		case info.Kind == channel.Meta:
			failure = reply.UnsubscribeFailed
		}
	}
	if !failure.Failed() {
		if x.s.fanout.HasIntervals(x.slot) {
			x.freezeAsked()
		}
		for _, pattern := range patterns {
			x.unsubscribeFrom(pattern)
		}
	}
	x.answerSubscription(m, failure, reply.Advice{})
}

func (x *exchange) unsubscribeFrom(pattern []byte) {
	if x.session.tables.has(inReplays) {
		x.s.replays.of[x.slot].left = true // others of its subscriptions may share what is read
	}
	roll{x.seat}.leaves(pattern)
	if x.s.fanout.Unsubscribe(x.slot, pattern) {
		x.s.joins.leave(pattern, x.fx)
	}
}

// freezeAsked ends the replacing of pending events that is not by a rule, before the
// session asks for something else: events that are not conflated may follow them.
func (x *exchange) freezeAsked() {
	q, book, name := &x.session.queue, x.s.rules, []byte(nil)
	x.s.Spend(q.Pending())
	x.s.queues.Freeze(q, func(e event.Event) bool {
		name = append(name[:0], e.Channel()...)
		b := book.Of(name)
		return !b.Conflate && b.Interval == 0
	})
}

// join parks the exchange until what list wants of the past is there. Nothing
// that is published meanwhile can pass: the loop's interest is noted before, and
// the subscription takes effect when the answer comes, in the order of events.
func (x *exchange) join(list []history.Wanted) Ruling {
	x.s.joins.begin(list, x.fx)
	x.waits = Effect{Kind: Join, Wanted: list}
	return Wait
}
