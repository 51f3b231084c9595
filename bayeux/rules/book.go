package rules

import "halley/bayeux/channel"

// Book knows how channels behave. It works a channel's behaviour out once and remembers
// it. It is not safe for concurrent use.
type Book struct {
	rules Rules
	known map[string]*entry
	last  *entry // the one that was asked for last
	plain entry  // of every channel, where there are no rules
	// tokens says that some rule wants one.
	tokens bool
}

type entry struct {
	channel   string
	behaviour Behaviour
}

// maxKnown bounds how many channels are remembered: at so many, all are forgotten.
const maxKnown = 8192

// NewBook returns the book of some rules.
func NewBook(rules Rules) Book {
	return Book{rules: rules, known: make(map[string]*entry), plain: entry{behaviour: rules.Of(nil)},
		tokens: rules.WantTokens()}
}

// Replace has the book be of other rules.
func (b *Book) Replace(rules Rules) { *b = NewBook(rules) }

// Of tells how the channel name behaves. The answer is shared: it must not be changed.
func (b *Book) Of(name []byte) *Behaviour {
	switch {
	case len(b.rules) == 0:
		return &b.plain.behaviour
	case b.last != nil && b.last.channel == string(name):
		return &b.last.behaviour
	}
	e := b.known[string(name)]
	if e == nil {
		if len(b.known) >= maxKnown {
			clear(b.known)
		}
		e = &entry{channel: string(name), behaviour: b.rules.Of(name)}
		b.known[e.channel] = e
	}
	b.last = e
	return &e.behaviour
}

// Subscribable tells whether pattern may be subscribed to: not if a rule that
// says subscribe=none covers it or, with a wildcard, any channel that it matches.
func (b *Book) Subscribable(pattern []byte, wildcard bool) bool {
	return !b.reads(pattern, wildcard, Closed)
}

// NeedsToken tells whether a subscription to pattern takes a token: a rule that says
// subscribe=token covers it or, with a wildcard, any channel that it matches.
func (b *Book) NeedsToken(pattern []byte, wildcard bool) bool {
	return b.tokens && b.reads(pattern, wildcard, WithToken)
}

// Tokens tells whether any subscription or publish takes a token.
func (b *Book) Tokens() bool { return b.tokens }

func (b *Book) reads(pattern []byte, wildcard bool, r Reading) bool {
	is := func(o *Behaviour) bool { return o.Subscribe == r }
	return is(b.Of(pattern)) || wildcard && b.any(pattern, is)
}

// Remembers tells whether pattern matches channels of which anything is kept for
// those who come later.
func (b *Book) Remembers(pattern []byte) bool {
	return b.Of(pattern).Remembered() || b.any(pattern, (*Behaviour).Remembered)
}

// any tells whether has is true of a rule's own pattern that pattern matches.
func (b *Book) any(pattern []byte, has func(*Behaviour) bool) bool {
	for i := range b.rules {
		name := []byte(b.rules[i].Pattern)
		if channel.Matches(pattern, name) && has(b.Of(name)) {
			return true
		}
	}
	return false
}

// Forget gives back the memory of all channels.
func (b *Book) Forget() { b.known, b.last = make(map[string]*entry), nil }
