// Proved by bayeux/testdata/websocket-line.txt, bayeux/testdata/publish.txt and
// TestBatchThatMakesWayIsNotCopiedAgain.

package bayeux

import (
	"halley/bayeux/history"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// The five meta channels.
const (
	metaHandshake   = "/meta/handshake"
	metaConnect     = "/meta/connect"
	metaSubscribe   = "/meta/subscribe"
	metaUnsubscribe = "/meta/unsubscribe"
	metaDisconnect  = "/meta/disconnect"
)

// exchange is one request on its way through the core. The session of the first
// message owns it; a message for another session is refused.
type exchange struct {
	seat // of the owner; its session is nil for a message that has no right to it
	fx   *Effects
	req  Request
	now  int64

	clientID []byte  // of the first message
	owner    Address // its session, if it is known
	proved   Address // likewise, once the authority has allowed something with it; nowhere before
	alone    bool    // the batch has one message
	held     bool    // no reply now: the connect is held
	waits    Effect  // what tells of the wait of the message that is to be parked
	got      awaited // by the message that was parked, while it is handled

	losses        bool   // a reply has news of dropped events
	carriesEvents bool   // a connect is answered: pending events go along
	batch         uint32 // its number, with acknowledgement
	connects      uint32 // how many connects its session had sent when this was the latest
	browser       uint64
	replies       []byte   // encoded replies, comma separated
	joined        []byte   // what the messages are spans of, if they were parked; else nil
	later         [][]byte // what is left of a parked batch behind joined
}

// awaited is what the first message of a batch has waited for.
type awaited struct {
	rested  bool     // it is handled now, whatever the turn has done
	done    bool     // its event is stored, or the past is there, or neither will be
	verdict *Verdict // on it; nil: none
	past    history.Remembered
	refused reply.Code // why it cannot have what it waited for
}

// own makes the session of clientID, if there is one, the owner.
func (x *exchange) own(clientID []byte) {
	x.clientID = clientID
	if slot, r := x.s.sessions.client(clientID); r != nil {
		x.slot, x.owner, x.connects = slot, x.s.sessions.address(slot), r.connects
	} else {
		x.noteGuess(clientID)
	}
}

// noteGuess tells of a clientId that is a guess, if it is one. The reply is the same.
func (x *exchange) noteGuess(clientID []byte) {
	if x.s.sessions.guessed(clientID) {
		x.s.stats.Guessed++
		x.fx.add(Effect{Kind: Guessed, To: x.req.To}, x.fx.begin())
	}
}

// open starts the next reply.
func (x *exchange) open() {
	if len(x.replies) > 0 {
		x.replies = append(x.replies, ',')
	}
}

// maxID is the longest id of a message in bytes of JSON, quotes included.
const maxID = 64

// validID is m's id, or nil where it cannot be echoed.
func validID(m *message.Message) []byte {
	if m.Wrong&message.FieldID != 0 || len(m.ID) > maxID {
		return nil
	}
	return m.ID
}

// beginReply starts the reply to m and leaves it open; endReply closes it.
func (x *exchange) beginReply(m *message.Message, failure reply.Code) {
	x.open()
	if failure.Failed() {
		x.s.stats.Errors++
	}
	x.replies = x.s.terms.Append(x.replies, x.now, m.Channel, validID(m), failure)
}

func (x *exchange) endReply() { x.replies = append(x.replies, '}') }

// endMeta ends the reply to a meta message other than connect, with what
// extensions add to it.
func (x *exchange) endMeta(m *message.Message, e reply.Ext) {
	if sync, ok := reply.ReadTimesync(x.now, m.Ext); ok {
		sync.Append(&e, x.now)
	}
	x.replies = e.End()
	x.endReply()
}

// fail replies to m with an error and, unless it is empty, an advice.
func (x *exchange) fail(m *message.Message, failure reply.Code, advice string) {
	x.beginReply(m, failure)
	if isSubscription(m) { // (Bayeux 1.0, 3.12 MUST subscription-named)
		x.echoSubscription(m)
	}
	if advice != "" {
		x.replies = reply.AppendAdvice(x.replies, advice)
	}
	x.endReply()
}

func (x *exchange) echoSubscription(m *message.Message) {
	if m.Subscription != nil {
		x.replies = append(append(x.replies, `,"subscription":`...), m.Subscription...)
	}
}

func isSubscription(m *message.Message) bool {
	return string(m.Channel) == metaSubscribe || string(m.Channel) == metaUnsubscribe
}

// forget notes that there will be no reply.
func (x *exchange) forget() {
	if r := x.s.sessions.find(x.owner); x.losses && r != nil {
		x.s.queues.SettleLosses(&r.queue, false)
	}
	x.losses = false
}
