// Proved by TestLink.

// Package handover is the connection by which a server hands over to its successor on the same host: first the sockets that
// it listens on, then what it remembers of sequenced channels, and while it drains the publishes and events that the clients
// of the other one need. It knows nothing of what a message means.
//
//	successor                                 predecessor
//	Dial, which says hello              →
//	                                    ←     its sockets
//	Freeze: it is ready to serve        →     holds publishes to sequenced channels
//	                                    ←     Past, in parts, and Frozen: the history file is free
//	Serves                              →     accepts nobody any more, and drains
//	Publish, Event, Stored              ⇄     Publish, Order, until its last client has gone
package handover

import "halley/bayeux/history"

// Kind says what a message is.
type Kind uint8

// The kinds of messages.
const (
	Freeze  Kind = iota + 1 // the successor is ready: no number is given any more
	Past                    // a part of what is remembered
	Frozen                  // that was all; Number is the last that was given
	Serves                  // the successor takes connections
	Publish                 // an event of a channel that is not sequenced
	Order                   // publishes to sequenced channels, by the predecessor's clients
	Stored                  // what became of an Order
	Event                   // an event of a sequenced channel, with its number
)

// Message is what one server tells the other.
type Message struct {
	Kind     Kind
	Number   int64 // of an event; an Order's own; the last one given
	Together bool  // an Order is stored as a whole or not at all
	Events   []string
	Past     *history.Image
	Entry    history.Entry
	Failure  string // why an Order was not stored
}

// size is about what a message takes while it waits.
func (m *Message) size() int {
	n := 200 + len(m.Entry.Event) + len(m.Failure)
	for _, e := range m.Events {
		n += len(e) + 16
	}
	if m.Past != nil {
		for _, e := range m.Past.Entries {
			n += len(e.Event) + len(e.Channel) + 50
		}
	}
	return n
}

// Part and Entry are what of the past goes over.
type (
	Part  = history.Image
	Entry = history.Entry
)
