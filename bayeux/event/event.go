// Package event has a published message as each of its subscribers gets it, and the
// forms that this takes: with a number, a time, or where clients of Salesforce look for both.
package event

import (
	"strconv"
	"strings"

	"halley/bayeux/message"
)

// Event is a published message on its way to subscribers: the JSON object that
// each of them receives. It is encoded once, in one allocation, and shared by
// every queue of every loop.
type Event string

const (
	head      = `{"channel":"`
	dataField = `,"data":`
	binaryExt = `,"ext":{"binary":{}}`
)

// New encodes an event (Bayeux 1.0, 3.10 MUST data). A delivery carries the channel and data, byte for
// byte, and nothing else that its publisher sent: no id, clientId, advice or
// ext but ext.binary, which says how data is encoded. A nil data leaves the
// field out. The channel must be valid.
func New(channel, data []byte, binary bool) Event {
	var b strings.Builder
	b.Grow(len(head) + len(channel) + len(dataField) + len(data) + len(binaryExt) + len(`"}`))
	b.WriteString(head)
	// No character that a channel may have needs an escape in JSON.
	b.Write(channel)
	b.WriteByte('"')
	if data != nil {
		b.WriteString(dataField)
		b.Write(data)
	}
	if binary {
		b.WriteString(binaryExt)
	}
	b.WriteByte('}')
	return Event(b.String())
}

// Valid tells whether e has the form of an event, so that the other methods can read it. They trust what New has made;
// this is for what comes from elsewhere.
func (e Event) Valid() bool {
	name, rest, ended := strings.Cut(strings.TrimPrefix(string(e), head), `"`)
	return ended && strings.HasPrefix(string(e), head) && strings.HasPrefix(name, "/") && strings.HasSuffix(rest, "}")
}

// Channel returns the name of the event's channel.
func (e Event) Channel() string {
	name := string(e[len(head):])
	return name[:strings.IndexByte(name, '"')]
}

// numberField stands before the number of an event that is remembered.
const numberField = `","replayId":`

// Numbered is e with its number in the store, which clients can go on from.
func (e Event) Numbered(id int64) Event {
	end := len(head) + len(e.Channel())
	return e[:end] + numberField + Event(strconv.FormatInt(id, 10)) + e[end+1:]
}

// ID is the event's number in the store, 0 if it has none.
func (e Event) ID() int64 { return idOf(e) }

// ID is the ID of an event in bytes.
func ID(event []byte) int64 { return idOf(event) }

func idOf[T Event | []byte](event T) (id int64) {
	i := len(head)
	for event[i] != '"' { // the end of the channel
		i++
	}
	if len(event) < i+len(numberField) || string(event[i:i+len(numberField)]) != numberField {
		return 0
	}
	for i += len(numberField); '0' <= event[i] && event[i] <= '9'; i++ {
		id = id*10 + int64(event[i]-'0')
	}
	return id
}

// Data returns the text from the event's data on, without the event's closing brace. If
// the data is an object, message.Get finds its fields there.
func (e Event) Data() string {
	rest := string(e[len(head)+len(e.Channel()):])
	if i := strings.Index(rest, dataField); i >= 0 {
		return rest[i+len(dataField) : len(rest)-1]
	}
	return ""
}

// Topic is the name of the event's channel without a filter.
func (e Event) Topic() string {
	name, _, _ := strings.Cut(e.Channel(), "?")
	return name
}

// Filtered is e as a filtered subscription gets it: the filter follows the channel's name.
// It must have nothing that needs an escape in JSON.
func (e Event) Filtered(filter string) Event {
	end := len(head) + len(e.Channel())
	return e[:end] + Event(filter) + e[end:]
}

// Binary tells whether a message with that ext has binary data. CometD's clients
// send an empty object for it and look for any value; nothing is agreed beforehand.
func Binary(ext []byte) bool {
	switch string(message.Get(ext, "binary")) {
	case "", "false", "null":
		return false
	}
	return true
}
