package bayeux

import (
	"strings"

	"halley/bayeux/message"
)

// Event is a published message on its way to subscribers: the JSON object that
// each of them receives. It is encoded once, in one allocation, and shared by
// every queue of every loop.
type Event string

const (
	eventHead = `{"channel":"`
	eventData = `","data":`
	eventExt  = `,"ext":{"binary":true}`
)

// NewEvent encodes an event. A delivery carries the channel and data, byte for
// byte, and nothing else that its publisher sent: no id, clientId, advice or
// ext but ext.binary, which says how data is encoded. A nil data leaves the
// field out. The channel must be valid.
func NewEvent(channel, data []byte, binary bool) Event {
	var b strings.Builder
	b.Grow(len(eventHead) + len(channel) + len(eventData) + len(data) + len(eventExt) + len(`}`))
	b.WriteString(eventHead)
	// No character that a channel may have needs an escape in JSON.
	b.Write(channel)
	if data == nil {
		b.WriteByte('"')
	} else {
		b.WriteString(eventData)
		b.Write(data)
	}
	if binary {
		b.WriteString(eventExt)
	}
	b.WriteByte('}')
	return Event(b.String())
}

// Channel returns the name of the event's channel.
func (e Event) Channel() string {
	name := string(e[len(eventHead):])
	return name[:strings.IndexByte(name, '"')]
}

// isBinary tells whether a message's ext marks its data as binary.
func isBinary(m *message.Message) bool {
	return m.Ext != nil && string(message.Get(m.Ext, "binary")) == "true"
}
