// Proved by TestTranscripts.

package bayeux

// ReplyTo names a request that waits for its reply: the node, loop and slot of its
// connection, the slot's generation, and the request's serial number there. The
// core only carries and compares it. The zero ReplyTo names no request.
type ReplyTo struct {
	Node   uint16
	Loop   uint16
	Conn   uint32
	Gen    uint32
	Serial uint32
}

// Place is where the request's connection is.
func (to ReplyTo) Place() Place { return Place{to.Node, to.Loop} }

// connection is to without the request: equal for all requests of one connection.
func (to ReplyTo) connection() ReplyTo {
	to.Serial = 0
	return to
}

// Request says where a batch came from.
type Request struct {
	To      ReplyTo
	Browser uint64         // the browser cookie, 0 none
	Peer    uint64         // stands for whom a handshake comes from; 0 unknown
	Type    ConnectionType // the connection type that carried it
	Program bool           // nothing says that a browser sent it: it gets no cookie
	Caller  *Caller        // for the questions to an Authority; nil without one

	forsaken bool // see Forsaken
}

// Forsaken is the request of which the node that has its session will not say any more whether it was handled there. What it publishes
// may be published already.
func (r Request) Forsaken() Request {
	r.forsaken = true
	return r
}
