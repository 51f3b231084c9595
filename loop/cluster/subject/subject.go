// Package subject has channels and patterns as subjects of the wire. It is pure.
//
// A segment of a channel is a token of a subject. The characters that a token must not have are escaped, by % and two
// hexadecimal digits, so that a channel has one subject and a subject one channel:
//
//	/stock/BRK.A  stock.BRK%2EA      of a pattern  /stock/*   stock.*
//	/a b/*        a%20b.%2A                        /stock/**  stock.>
//
// The wildcards of Bayeux take the same channels as those of NATS do. A message that is published to the name of a pattern goes to
// the escaped one: it is of that channel alone.
package subject

import (
	"strconv"
	"strings"
)

// Space is the start of all subjects of one cluster. Clusters of other names have others.
type Space string

// Of returns the subjects of the cluster of a name.
func Of(cluster string) Space { return Space(escape([]byte("halley."), cluster)) }

// Node is the mailbox of a node.
func (s Space) Node(number uint16) string { return string(s) + ".n." + strconv.Itoa(int(number)) }

// Beats is where all nodes say that they are there.
func (s Space) Beats() string { return string(s) + ".b" }

// Digests is where all nodes say what they have published.
func (s Space) Digests() string { return string(s) + ".d" }

// DigestsOf is where one node is told what other nodes have published.
func (s Space) DigestsOf(number uint16) string { return string(s) + ".d." + strconv.Itoa(int(number)) }

// Buckets is into how many parts channels are put. All nodes of a cluster must agree.
const Buckets = 1024

// BucketOf is the part that a channel is in: the hash FNV-1a of its name, of 32 bits, modulo Buckets.
func BucketOf(name string) int { return int(fnv1a(name) % Buckets) }

func fnv1a(text string) uint32 {
	h := uint32(2166136261)
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return h
}

// Channel is the subject of the messages that are published to a channel without history.
func (s Space) Channel(name string) string {
	return string(appendTokens(s.bucket(make([]byte, 0, len(s)+len(ofChannels)+digits+1+2*len(name)), BucketOf(name)), name))
}

// Pattern is the subject that takes the messages of all channels without history that a pattern takes.
func (s Space) Pattern(pattern string) string {
	if parent, tail := cut(pattern); tail != "" {
		return string(appendPattern(append(append([]byte(s), ofChannels...), "*."...), parent, tail))
	}
	return s.Channel(pattern)
}

// Bucket is the subject that takes the messages of all channels without history in one part.
func (s Space) Bucket(number int) string { return string(append(s.bucket(nil, number), '>')) }

const (
	ofChannels = ".c."
	digits     = 4 // of the number of a bucket
)

func (s Space) bucket(dst []byte, number int) []byte {
	return append(strconv.AppendInt(append(append(dst, s...), ofChannels...), int64(number), 10), '.')
}

// longest is how many bytes a subject may have: a line of NATS has 4,096 with its verb, a subject for the answer and two sizes.
// Whoever sends a longer one is cut off for good.
const longest = 3840

// MostChannel is how many bytes the name of a channel may have, so that its subject is never too long.
func (s Space) MostChannel() int { return (longest - len(s) - len(ofChannels) - digits - 1) / 3 }

// Tokens are those of a channel: its part of a subject.
func Tokens(name string) string { return string(appendTokens(nil, name)) }

// cut takes the wildcard from a pattern: tail is * or >, or empty where there is none.
func cut(pattern string) (parent, tail string) {
	if parent, is := strings.CutSuffix(pattern, "/**"); is {
		return parent, ">"
	}
	if parent, is := strings.CutSuffix(pattern, "/*"); is {
		return parent, "*"
	}
	return pattern, ""
}

func appendPattern(dst []byte, parent, tail string) []byte {
	dst = appendTokens(dst, parent)
	if parent != "" && tail != "" {
		dst = append(dst, '.')
	}
	return append(dst, tail...)
}

func appendTokens(dst []byte, name string) []byte { return escape(dst, strings.TrimPrefix(name, "/")) }

// escape appends text, with a dot for a slash and what a token must not have escaped.
func escape(dst []byte, text string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		switch c := text[i]; {
		case c == '/':
			dst = append(dst, '.')
		case mustEscape(c):
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func mustEscape(c byte) bool {
	return c <= ' ' || c > '~' || c == '.' || c == '*' || c == '>' || c == '%'
}
