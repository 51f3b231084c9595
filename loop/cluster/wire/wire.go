// Package wire is what the parts of a cluster need of the system that carries messages between nodes: publish and subscribe, in
// order, with loss. Memory is one within a process, for tests.
package wire

// Message is what goes from one node to another. Who gets one must not change it, and keeps none of it unless it copies.
type Message struct {
	Subject string              // tokens between dots, in the form of NATS
	Reply   string              // the subject that an answer goes to, or the news that nobody subscribes to Subject; empty: none is wanted
	Header  map[string][]string // nil without any
	Data    []byte
}

// Nobody tells whether m is the news that nobody subscribes to what was sent with its subject as the Reply.
func (m *Message) Nobody() bool {
	return len(m.Data) == 0 && len(m.Header["Status"]) == 1 && m.Header["Status"][0] == nobody
}

// nobody is the status of that news.
const nobody = "503"

// Wire carries messages between nodes. What one node sends arrives at another in the order of the calls, over all subjects; some of
// it may be missing, which nobody is told of but by Watch. A node does not get what it has sent itself. The methods may be called
// from any goroutine.
type Wire interface {
	// Send has a message go to all nodes that subscribe to its subject. It keeps m, and does not wait: false means that too much
	// waits to go already, and that the message is dropped.
	Send(m Message) bool
	// Waiting is how many bytes wait to go, and how many may.
	Waiting() (bytes, most int)
	// Subscribe has handle called with each message to a subject, whose tokens may be * and whose last one may be >. All handlers of
	// a wire are called from one goroutine, in the order in which messages arrive, once for each subscription that matches. A
	// handler must not wait. End takes the subscription back: a message that is on its way may still come.
	Subscribe(subject string, handle func(*Message)) (end func(), err error)
	// Watch has told called when the connection to the others is lost, and when it is back: what they sent between has not come. It
	// is called from the goroutine of the handlers, in its place among the messages.
	Watch(told func(up bool))
	// Most is how many bytes a message may have, its header included.
	Most() int
}
