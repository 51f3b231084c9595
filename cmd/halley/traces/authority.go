// Proved by TestAuthorityIsTraced.

package traces

import (
	"slices"
	"time"

	"halley/bayeux"
	"halley/loop"
)

// Over is an authority whose answers that take time are traced: those of a hook, or of a token whose key has to be fetched.
func (t *Traces) Over(a bayeux.Authority) bayeux.Authority {
	if t == nil || a == nil {
		return a
	}
	return traced{a, t.spans}
}

type traced struct {
	bayeux.Authority
	spans *loop.Spans
}

// Fields implements bayeux.Authority: a request's trace goes on.
func (a traced) Fields() []string { return append(slices.Clone(a.Authority.Fields()), "traceparent") }

// Watches tells whether the authority wants to be asked whenever a session is used, which some do.
func (a traced) Watches() bool { return bayeux.Watches(a.Authority) }

// Ask implements bayeux.Authority.
func (a traced) Ask(q bayeux.Question, answer func(bayeux.Verdict)) {
	p := loop.Span{Name: "authority " + operation(q.Operation), Began: time.Now(), Outward: true}
	if q.Caller != nil {
		p.Client, p.Parent = q.Caller.Address, q.Caller.Field("traceparent")
	}
	a.Authority.Ask(q, func(v bayeux.Verdict) {
		p.Took, p.Failed = time.Since(p.Began), v.Ruling != bayeux.Allow
		a.spans.Offer(p)
		answer(v)
	})
}

func operation(o bayeux.Operation) string {
	switch o {
	case bayeux.OpHandshake:
		return "handshake"
	case bayeux.OpSubscribe:
		return "subscribe"
	case bayeux.OpPublish:
		return "publish"
	}
	return "other"
}
