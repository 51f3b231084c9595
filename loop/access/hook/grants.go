// Proved by TestGivenPatterns and TestLaterAnswersAdd.

package hook

import (
	"strings"

	"halley/bayeux"
	"halley/loop/access/lettered"
)

// grants are what an answer gives a session, as text that is kept with it: lines of a letter and a value.
//
//	u  who the client is
//	e  when the session ends by it, in milliseconds since 1970
//	c  the claims, JSON that later questions carry
//	s  a pattern that may be subscribed to; an empty one stands for a list of none
//	p  likewise, to publish to
type grants string

// The letters.
const (
	ofSubject   = 'u'
	ofExpiry    = 'e'
	ofClaims    = 'c'
	ofSubscribe = 's'
	ofPublish   = 'p'
)

// append adds a line.
func (g grants) append(letter byte, value string) grants {
	return grants(lettered.Lines(g).Append(letter, value))
}

// list adds patterns; nil adds none, and leaves the session's own decisions to further questions.
func (g grants) list(letter byte, patterns []string) grants {
	if patterns != nil && len(patterns) == 0 {
		return g.append(letter, "")
	}
	for _, p := range patterns {
		g = g.append(letter, p)
	}
	return g
}

// replaced is g with all of newer, and what that says nothing of as before.
func (g grants) replaced(newer grants) grants {
	var b strings.Builder
	for line := range strings.Lines(string(g)) {
		if !lettered.Lines(newer).Has(line[0]) {
			b.WriteString(line)
		}
	}
	return grants(b.String()) + newer
}

func (g grants) claims() string { return lettered.Lines(g).First(ofClaims) }

func (g grants) subject() string { return lettered.Lines(g).First(ofSubject) }

// until is when the session ends by it, 0 if it does not.
func (g grants) until() int64 { return lettered.Lines(g).Int(ofExpiry) }

// coverage is what patterns say of an operation.
type coverage uint8

const (
	silent  coverage = iota // there are no patterns for it
	covered                 // they allow it
	outside                 // they do not
)

// cover tells whether the patterns that a session was given allow what a question asks.
func (g grants) cover(q *bayeux.Question) coverage {
	switch q.Operation {
	case bayeux.OpSubscribe:
		return g.coverAll(ofSubscribe, q.Patterns)
	case bayeux.OpPublish:
		return g.coverAll(ofPublish, [][]byte{q.Channel})
	}
	return silent
}

func (g grants) coverAll(letter byte, names [][]byte) coverage {
	switch l := lettered.Lines(g); {
	case !l.Has(letter):
		return silent
	case l.Cover(letter, names):
		return covered
	}
	return outside
}
