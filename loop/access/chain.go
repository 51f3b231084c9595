// Proved by TestChain.

package access

import (
	"slices"
	"strings"

	"halley/bayeux"
)

// Chain asks one authority after the other: all have to allow. Each has claims of its own with a session, and is told of
// whose identity those before it know.
type Chain struct {
	links  []bayeux.Authority
	tokens bool // one of them looks at tokens
}

func newChain(tokens bool, links []bayeux.Authority) *Chain { return &Chain{links, tokens} }

// Fields are the header fields that any of them wants.
func (c *Chain) Fields() (all []string) {
	for _, l := range c.links {
		for _, name := range l.Fields() {
			if !slices.ContainsFunc(all, func(n string) bool { return strings.EqualFold(n, name) }) {
				all = append(all, name)
			}
		}
	}
	return all
}

// Watches tells whether any of them wants to be asked whenever a session is used.
func (c *Chain) Watches() bool { return slices.ContainsFunc(c.links, bayeux.Watches) }

// Decide asks all of them, as long as each can answer at once.
func (c *Chain) Decide(q bayeux.Question) bayeux.Verdict {
	w := c.begin(q)
	for w.more() {
		if v := w.link().Decide(w.question()); v.Ruling == bayeux.Wait {
			return v
		} else if w.take(v); v.Ruling == bayeux.Deny {
			return v
		}
	}
	return w.verdict()
}

// Ask asks all of them, and answers when the last has, or one denies.
func (c *Chain) Ask(q bayeux.Question, answer func(bayeux.Verdict)) { c.goOn(c.begin(q), answer) }

func (c *Chain) goOn(w *walk, answer func(bayeux.Verdict)) {
	for w.more() {
		q := w.question()
		v := w.link().Decide(q)
		if v.Ruling == bayeux.Wait {
			w.link().Ask(q, func(v bayeux.Verdict) {
				if v.Ruling != bayeux.Allow {
					answer(v)
					return
				}
				w.take(v)
				c.goOn(w, answer)
			})
			return
		}
		if w.take(v); v.Ruling == bayeux.Deny {
			answer(v)
			return
		}
	}
	answer(w.verdict())
}

func (c *Chain) begin(q bayeux.Question) *walk {
	return &walk{chain: c, q: q, claims: c.split(q.Claims)}
}

// end stands between the claims of two authorities.
const end = "\x00"

// split are the claims of each.
func (c *Chain) split(claims string) []string {
	parts := strings.SplitN(claims, end, len(c.links))
	for len(parts) < len(c.links) {
		parts = append(parts, "")
	}
	return parts
}

// identifier is an authority that knows a client by its claims.
type identifier interface{ Identity(claims string) string }

// limiter is an authority whose claims say how long a session may go on, 0 for ever.
type limiter interface{ Until(claims string) int64 }

// identity is who a client is by the claims of all.
func (c *Chain) identity(claims string) string {
	for i, part := range c.split(claims) {
		if l, knows := c.links[i].(identifier); knows {
			if who := l.Identity(part); who != "" {
				return who
			}
		}
	}
	return ""
}

// walk is a question on its way along the chain.
type walk struct {
	chain  *Chain
	q      bayeux.Question
	claims []string // of each, those before at have given theirs
	at     int
	sum    bayeux.Verdict
	given  bool // some claims are new
}

func (w *walk) more() bool { return w.at < len(w.chain.links) }

func (w *walk) link() bayeux.Authority { return w.chain.links[w.at] }

// question is the one for the authority at hand.
func (w *walk) question() bayeux.Question {
	q := w.q
	q.Claims = w.claims[w.at]
	for i := range w.at {
		l, knows := w.chain.links[i].(identifier)
		if !knows {
			continue
		}
		if who := l.Identity(w.claims[i]); who != "" {
			caller := bayeux.Caller{}
			if q.Caller != nil {
				caller = *q.Caller
			}
			caller.Identity = who
			q.Caller = &caller
		}
	}
	return q
}

// take notes a verdict that allows.
func (w *walk) take(v bayeux.Verdict) {
	if v.Claims != "" {
		w.claims[w.at], w.given = v.Claims, true
	}
	if v.Expiry != 0 && (w.sum.Expiry == 0 || v.Expiry < w.sum.Expiry) {
		w.sum.Expiry = v.Expiry
	}
	w.at++
}

// verdict is what all have said together.
func (w *walk) verdict() bayeux.Verdict {
	if !w.chain.tokens && len(w.q.Guarded) > 0 {
		return bayeux.Verdict{Ruling: bayeux.Deny, Reason: "token_unavailable"}
	}
	for i, l := range w.chain.links {
		// Another's expiry must not have a session outlive what one has allowed before.
		if u, limits := l.(limiter); limits && w.sum.Expiry != 0 {
			if until := u.Until(w.claims[i]); until != 0 {
				w.sum.Expiry = min(w.sum.Expiry, until)
			}
		}
	}
	if w.given {
		w.sum.Claims = strings.Join(w.claims, end)
	}
	return w.sum
}
