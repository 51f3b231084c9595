package rules

import (
	"bytes"

	"halley/bayeux/channel"
)

// Book knows how channels behave. It works a channel's behaviour out once and remembers
// it. It is not safe for concurrent use.
type Book struct {
	rules Rules
	known map[string]*entry
	last  *entry // the one that was asked for last
	plain entry  // of every channel, where there are no rules
	// tokens says that some rule wants one.
	tokens bool
	kinds  [][]byte // a name of each kind of channels that the rules tell apart
}

type entry struct {
	channel   string
	behaviour Behaviour
}

// maxKnown bounds how many channels are remembered: at so many, all are forgotten.
const maxKnown = 8192

// NewBook returns the book of some rules.
func NewBook(rules Rules) Book {
	b := Book{rules: rules, known: make(map[string]*entry), plain: entry{behaviour: rules.Of(nil)}, tokens: rules.WantTokens()}
	for i := range rules {
		b.kinds = appendKinds(b.kinds, []byte(rules[i].Pattern))
	}
	return b
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
// says subscribe=none holds for it or, with a wildcard, for any channel that it matches.
func (b *Book) Subscribable(pattern []byte) bool {
	closed := func(o *Behaviour) bool { return o.Subscribe == Closed }
	return !b.has(pattern, closed) && !b.tells(b.Told(pattern), closed)
}

// AppendGuarded appends to dst what a token has to name for a subscription to pattern: pattern itself if a rule that says
// subscribe=token holds for it or, with a wildcard, for any channel that it matches, and likewise what it tells of.
func (b *Book) AppendGuarded(dst [][]byte, pattern []byte) [][]byte {
	if !b.tokens {
		return dst
	}
	guarded := func(o *Behaviour) bool { return o.Subscribe == WithToken }
	if b.has(pattern, guarded) {
		dst = append(dst, pattern)
	}
	if told := b.Told(pattern); b.tells(told, guarded) {
		dst = append(dst, told)
	}
	return dst
}

// Tokens tells whether any subscription or publish takes a token.
func (b *Book) Tokens() bool { return b.tokens }

// Told is the pattern of those channels of which subscribers of pattern are told who is there, nil if there are none.
func (b *Book) Told(pattern []byte) []byte {
	told, is := bytes.CutPrefix(pattern, []byte(channel.Presence))
	if !is || len(told) == 0 || told[0] != '/' || !b.has(told, func(o *Behaviour) bool { return o.Presence }) {
		return nil
	}
	return told
}

// tells tells whether is is true of a channel that told matches, of which it is told who is there: to know that takes the right
// to be there.
func (b *Book) tells(told []byte, is func(*Behaviour) bool) bool {
	return told != nil && b.has(told, func(o *Behaviour) bool { return o.Presence && is(o) })
}

// has tells whether has is true of pattern, or with a wildcard of any channel that it matches.
func (b *Book) has(pattern []byte, has func(*Behaviour) bool) bool {
	if !channel.IsWildcard(pattern) {
		return has(b.Of(pattern))
	}
	return b.any(pattern, has)
}

// Remembers tells whether pattern matches channels of which anything is kept for
// those who come later.
func (b *Book) Remembers(pattern []byte) bool {
	return b.has(pattern, (*Behaviour).Remembered)
}

// any tells whether has is true of any channel that pattern, which has a wildcard, matches. To look at one of each kind
// will do: all that the rules do not tell apart behave alike.
func (b *Book) any(pattern []byte, has func(*Behaviour) bool) bool {
	if len(b.rules) == 0 {
		return has(&b.plain.behaviour)
	}
	var room [2][]byte
	for _, kinds := range [...][][]byte{appendKinds(room[:0], pattern), b.kinds} {
		for _, name := range kinds {
			if channel.Matches(pattern, name) && has(b.Of(name)) {
				return true
			}
		}
	}
	return false
}

// other is a segment that no channel has, and so no rule.
const other = "/\x00"

// appendKinds appends a name of each kind of channels that a pattern tells from others: itself, or with a wildcard one with
// one segment more and, if it means those too, one with two.
func appendKinds(dst [][]byte, pattern []byte) [][]byte {
	above, deep := bytes.CutSuffix(pattern, []byte("/**"))
	if !deep {
		var single bool
		if above, single = bytes.CutSuffix(pattern, []byte("/*")); !single {
			return append(dst, pattern)
		}
	}
	one := append(bytes.Clone(above), other...)
	if dst = append(dst, one); deep {
		dst = append(dst, append(bytes.Clone(one), other...))
	}
	return dst
}

// Forget gives back the memory of all channels.
func (b *Book) Forget() { b.known, b.last = make(map[string]*entry), nil }
