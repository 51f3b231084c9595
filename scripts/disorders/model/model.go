// Package model judges a run against servers that fail: from what publishers were answered and what subscribers got it finds
// what was lost, doubled, out of order or never told. It knows no server and no clock, so that faults can be planted.
//
// A channel has one publisher, which publishes the numbers 0, 1, 2 … as data, each after the answer to the one before.
package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Outcome is what a publisher knows of a message.
type Outcome uint8

// The outcomes. A message of unknown outcome may come or not, and late, but once.
const (
	Unknown      Outcome = iota // no answer came
	Acknowledged                // the server has taken it
	Refused                     // the server has said that it has not
)

// String names the outcome.
func (o Outcome) String() string { return [...]string{"unknown", "acknowledged", "refused"}[o] }

// Publication is a message that a publisher has sent. Times are since the start of the run.
type Publication struct {
	Channel        string
	Number         int
	Sent, Answered time.Duration
	Outcome        Outcome
	Node           string // that has acknowledged it, by any name
}

// Kind is what an entry of a subscriber's log is about.
type Kind uint8

// The kinds of entries.
const (
	Began  Kind = iota // its subscriptions are in force
	Got                // a message of Channel with Number came, by the server's number ID if that is not 0
	Missed             // it was told that messages of Channel, a pattern or empty for all, were dropped
	Broken             // its session or stream is another one now: without replay it knows that it has missed messages
)

// Entry is a line of a subscriber's log.
type Entry struct {
	At      time.Duration
	Kind    Kind
	Channel string
	Number  int
	ID      int64
}

// Subscriber is a client's log, in the order in which things happened to it, and what it was promised.
type Subscriber struct {
	Name string
	// Exact are the prefixes of channels of which it gets each acknowledged message. Of the others it is told of what is missing.
	Exact   []string
	Follows []string // the prefixes of channels that it follows
	Log     []Entry
}

// Began is when the subscriber's subscriptions came into force, as far as its log tells: a stream does not say so before its first
// message. It is false for one that has heard nothing.
func (s *Subscriber) Began() (at time.Duration, ok bool) {
	for _, e := range s.Log {
		if e.Kind == Began || e.Kind == Got {
			return e.At, true
		}
	}
	return 0, false
}

// Promised tells whether the subscriber gets each acknowledged message of a channel.
func (s *Subscriber) Promised(channel string) bool { return begins(channel, s.Exact) }

// Told tells whether the subscriber was told of a gap of a channel between two times.
func (s *Subscriber) Told(channel string, from, to time.Duration) bool {
	for _, e := range s.Log {
		tells := e.Kind == Broken || e.Kind == Missed && matches(e.Channel, channel)
		if tells && e.At >= from && e.At <= to {
			return true
		}
	}
	return false
}

// Run is all that is known of a run.
type Run struct {
	Publications []Publication
	Subscribers  []Subscriber
	// Disturbed are the times in which something was wrong: nobody knows then whether a reply has arrived whose node or link is lost,
	// so what is not exact may come again.
	Disturbed []Span
	Repeated  int // how often it did, as Judge has found
	// Before and After say how long before a message that shows a gap, or after it, the telling may be noticed.
	Before, After time.Duration
}

// Span is a time since the start of the run, and another one.
type Span struct{ From, To time.Duration }

// Fault is something that must not be.
type Fault struct {
	Subscriber, Channel string
	At                  time.Duration
	What                string
}

// String tells all of it.
func (f Fault) String() string {
	return fmt.Sprintf("%8.3f s  %s on %s: %s", f.At.Seconds(), f.Subscriber, f.Channel, f.What)
}

// Judge finds all faults, in the order of subscribers and of time.
func (r *Run) Judge() (faults []Fault) {
	sent := make(map[string][]Publication)
	for _, p := range r.Publications {
		sent[p.Channel] = append(sent[p.Channel], p)
	}
	for _, published := range sent {
		slices.SortFunc(published, func(a, b Publication) int { return a.Number - b.Number })
	}
	known := identities{messages: make(map[int64]identity), ids: make(map[identity]int64)}
	for i := range r.Subscribers {
		s := &r.Subscribers[i]
		found := known.judge(s)
		for _, channel := range channels(s, sent) {
			j := judgement{run: r, subscriber: s, channel: channel, exact: s.Promised(channel), sent: sent[channel]}
			found = append(found, j.judge()...)
		}
		slices.SortStableFunc(found, func(a, b Fault) int { return int(a.At - b.At) })
		faults = append(faults, found...)
	}
	return faults
}

// channels are those that a subscriber follows or has heard of, in order.
func channels(s *Subscriber, sent map[string][]Publication) (names []string) {
	for channel := range sent {
		if begins(channel, s.Follows) {
			names = append(names, channel)
		}
	}
	for _, e := range s.Log {
		if e.Kind == Got && !slices.Contains(names, e.Channel) {
			names = append(names, e.Channel) // a stray, each message of which is a fault
		}
	}
	slices.Sort(names)
	return names
}

func begins(channel string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(channel, prefix) })
}
