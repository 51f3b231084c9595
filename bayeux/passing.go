// Proved by bayeux/testdata/passing*.txt and bayeux/testdata/gap.txt.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// Routers knows the messages that servers pass on to each other. Its methods may be called by all loops at once, and do not
// wait.
type Routers interface {
	// Node is the id of this server.
	Node() string
	// Mark is the trail of the next message that is published here to a channel; zero: it is not marked.
	Mark(channel []byte) event.Trail
}

// about is what the reply to a handshake tells of this server: how large a request may be, and its id if it is asked for.
func (c *Config) about(m *message.Message) (own reply.About) {
	if c.Profile != Salesforce {
		own.MaxMessage = c.MaxMessage
	}
	if c.Routers != nil && message.Get(message.Get(m.Ext, "halley"), "router") != nil {
		own.Node = c.Routers.Node()
	}
	return own
}
