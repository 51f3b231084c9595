// Proved by bayeux/testdata/authority*.txt and bayeux/testdata/websocket-line.txt.

package bayeux

import (
	"halley/bayeux/history"
	"halley/bayeux/message"
)

// parked is the rest of a batch that waits for a verdict on its first message.
type parked struct {
	req      Request
	owner    Address
	clientID []byte  // of the batch's first message
	proved   Address // the owner, if the messages before were allowed
	alone    bool
	// What the messages before said of the reply.
	losses        bool
	carriesEvents bool
	batch         uint32
	connects      uint32
	waits         EffectKind // for what it is parked
	body          []byte     // the next messages, as a JSON array
	later         [][]byte   // those after them, likewise
	replies       []byte     // of the messages before them
	wanted        []history.Wanted
	// Patterns and cursor of an event-stream without Bayeux, in place of a batch.
	events  []byte
	from    Cursor
	greeted bool // its session may be there
}

// joinRaw copies messages into one JSON array.
func joinRaw(messages []message.Message) []byte {
	body := []byte{'['}
	for i := range messages {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, messages[i].Raw...)
	}
	return append(body, ']')
}
