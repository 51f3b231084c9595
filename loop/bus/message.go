// Package bus carries messages between event loops: those of this process, and by a link of their own those of other nodes.
// A message is an effect on its way out, a report on its way back, a request for a session of another loop, or an event.
package bus

import (
	"halley/bayeux"
	"halley/bayeux/event"
)

// Kind says what a Message is.
type Kind uint8

// The kinds of messages. The first two are the core's own, the others are between its drivers.
const (
	// Effect has the effect Effect carried out on the connection that it is for. Data is what it has to say, as it goes
	// into a reply; with a Deliver as it goes onto the stream.
	Effect Kind = iota
	// Report gives the core Report.
	Report
	// Batch has the core handle the batch Data of the request Request.
	Batch
	// Open has the core make the request Request the event-stream of the session whose clientId is Data.
	Open
	// Publish brings Event to the loop's subscribers of its channel.
	Publish
	// ReadOn has the websocket of the request Request read from again: what it sent before has been worked on. From another node it
	// tells of Worked bytes that were.
	ReadOn
	// LetGo has the core answer what the session Report.Session waits for on the node of Report.To, since that lets its clients go.
	LetGo
	// Lost tells the loop of the request Request that the node of the session that it is for has not got it, nor will.
	Lost
	kinds int = iota
)

// Known tells whether k is one of the kinds.
func (k Kind) Known() bool { return int(k) < kinds }

// Message is what one loop tells another. Its kind says which of the fields count.
type Message struct {
	To, From bayeux.Place // From is set with what is answered
	Kind     Kind
	// Quiet is set if the message may wait for the next one, or for the tick: it only keeps the books of a poll that is held
	// or was answered. What depends on it comes by the same way, behind it.
	Quiet   bool
	Effect  *bayeux.Effect
	Report  bayeux.Report
	Request bayeux.Request
	// Flow counts what the websocket that a Batch came by has on its way to other loops of this process. It stays here.
	Flow *Flow
	// Worked, if it is not 0, is how many bytes a websocket has sent to another node up to this Batch, since it asked last: it
	// comes back by a ReadOn once these have been worked on.
	Worked uint32
	Event  event.Event
	Data   []byte
}

// Link brings messages to loops. Messages to one loop arrive in the order in which they were sent.
type Link interface {
	// Reaches tells whether there is a way to the loops of a node.
	Reaches(node uint16) bool
	// Apart tells that another node is there, though there is no way to it for a moment.
	Apart(node uint16) bool
	// Send brings m to the loop at m.To, which must be within reach. It keeps neither m.Effect nor m.Data, and does not wait:
	// what cannot be brought is dropped.
	Send(m Message)
}

// Local is the link of a node to itself: the boxes of its loops, by number.
type Local struct {
	Node  uint16
	Boxes []*Box
	// Home tells whether a loop may own sessions, see bayeux.Place; nil: all do.
	Home func(loop uint16) bool
}

var _ Link = (*Local)(nil)

// Reaches implements Link.
func (l *Local) Reaches(node uint16) bool { return node == l.Node }

// Apart implements Link: there is no other node.
func (l *Local) Apart(uint16) bool { return false }

// Send implements Link: nothing is encoded, and m.Event is shared.
func (l *Local) Send(m Message) {
	if int(m.To.Loop) < len(l.Boxes) {
		l.Boxes[m.To.Loop].Post(&m)
	}
}

// Takes tells whether the loop at to, of this node, is one that a request for a session of it can be brought to, with so many bytes.
func (l *Local) Takes(to bayeux.Place, bytes int) bool {
	return to.Node == l.Node && int(to.Loop) < len(l.Boxes) && (l.Home == nil || l.Home(to.Loop)) && l.Boxes[to.Loop].Takes(bytes)
}
