// Package sequence is the one order of sequenced channels: of those with a history, a snapshot, a rate or conflation. All
// their subscribers see one order, whoever publishes.
package sequence

import (
	"errors"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
)

// ErrTooLarge means that a log can never store what is to be published, as it is or at once.
var ErrTooLarge = errors.New("it can never be stored like this")

// Log is the one order of sequenced channels. Its methods may be called from any goroutine.
type Log interface {
	// Publish gives e its number and brings it to its subscribers, by what its channel's rules say. Where it has to be
	// stored first, nobody gets it before that, and nobody at all if it cannot be. Stored is called then, from any goroutine:
	// with journal.ErrBusy if too much waits to be stored, and journal.ErrClosed at the end. It must not use the log.
	Publish(e event.Event, behaviour rules.Behaviour, stored func(error))
	// PublishTogether is Publish for events of channels with a history. They are stored and brought together, or not at all. Keys,
	// unless it is nil, has one for each event: where the log is that of several servers, an event of a key that it knows has been
	// published by another of them, and is left out. An empty one is of no other event.
	PublishTogether(events []event.Event, keys []string, stored func(error))
	// Recall has the answer to q brought to the loop that asks. What was published before is in there, and what is
	// published after comes behind it: there is no gap between them and no event twice.
	Recall(q Query)
}

// Query asks for the past of patterns.
type Query struct {
	From    bayeux.Place     // the loop that asks
	Ticket  bayeux.Ticket    // what waits there for the answer
	Part    Part             // which part of the past it is
	Session bayeux.Address   // whose replays it is the next part of
	Wanted  []history.Wanted // the patterns
}

// Part says which part of the past a query asks for.
type Part uint8

// The parts: a subscription joins with the first one, and replays go on with the next ones.
const (
	First Part = iota
	Next
)

// Loops are whom a log serves. It calls them with its lock held: they put what they get into mailboxes that keep the
// order, and do no more.
type Loops interface {
	// Deliver brings an event to all loops with subscribers of its channel. It was published here, or on another server.
	Deliver(e event.Event, here bool)
	// Answer brings the answer to q to the loop that asks.
	Answer(q Query, past history.Remembered)
}
