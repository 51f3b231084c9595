package bayeux

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
	eventHead = `{"channel":"`
	eventData = `","data":`
	eventExt  = `,"ext":{"binary":{}}`
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

// eventID names the number of an event that is remembered.
const eventID = `","replayId":`

// Numbered is e with its number in the store, which clients can go on from.
func (e Event) Numbered(id int64) Event {
	end := len(eventHead) + len(e.Channel())
	return e[:end] + eventID + Event(strconv.FormatInt(id, 10)) + e[end+1:]
}

// ID is the event's number in the store, 0 if it has none.
func (e Event) ID() int64 { return idOf(e) }

// EventID is the ID of an event in bytes.
func EventID(event []byte) int64 { return idOf(event) }

func idOf[T Event | []byte](event T) (id int64) {
	i := len(eventHead)
	for event[i] != '"' { // the end of the channel
		i++
	}
	if len(event) < i+len(eventID) || string(event[i:i+len(eventID)]) != eventID {
		return 0
	}
	for i += len(eventID); '0' <= event[i] && event[i] <= '9'; i++ {
		id = id*10 + int64(event[i]-'0')
	}
	return id
}

// data returns the event's data and what follows it but the closing brace; the
// fields of an object can be read from it.
func (e Event) data() string {
	rest := string(e[len(eventHead)+len(e.Channel()):])
	if i := strings.Index(rest, `,"data":`); i >= 0 {
		return rest[i+len(`,"data":`) : len(rest)-1]
	}
	return ""
}

// isBinary tells whether a message's ext marks its data as binary. CometD's clients
// send an empty object for it and look for any value; nothing is agreed beforehand.
func isBinary(m *message.Message) bool {
	switch string(message.Get(m.Ext, "binary")) {
	case "", "false", "null":
		return false
	}
	return true
}
