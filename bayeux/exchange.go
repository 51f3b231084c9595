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
	s   *Server
	fx  *Effects
	req Request
	now int64

	clientID []byte   // of the first message
	owner    Address  // its session, if it is known
	slot     uint32   // of the owner
	session  *session // the owner, or nil for a message that has no right to it
	alone    bool     // the batch has one message
	held     bool     // no reply now: the connect is held
	waits    Effect   // what tells of the wait of the message that is to be parked
	got      awaited  // by the message that was parked, while it is handled

	losses        bool   // a reply has news of dropped events
	carriesEvents bool   // a connect is answered: pending events go along
	batch         uint32 // its number, with acknowledgement
	turn          uint32 // how many connects its session had sent when this was the latest
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

// Handle processes one request's batch. Its reply is one Reply, or a Hold, or
// comes after a Report. What comes on a websocket is handled in order.
func (s *Server) Handle(now int64, req Request, batch *message.Batch, fx *Effects) {
	if req.Type == WebSocket {
		if l := s.backlogs.of[req.To]; l != nil {
			s.queueUp(l, req, batch.Messages, fx)
			return
		}
	}
	s.handle(now, req, batch.Messages, fx)
}

func (s *Server) handle(now int64, req Request, messages []message.Message, fx *Effects) {
	x := &s.exchange
	*x = exchange{s: s, fx: fx, req: req, now: now, owner: nowhere, slot: noSlot, replies: x.replies[:0]}
	if h := findHandshake(messages); h >= 0 {
		// Other messages beside a handshake are ignored (Bayeux 1.0, 4.1 MUST handshake-alone).
		messages = messages[h : h+1]
	}
	x.alone = len(messages) == 1
	if len(messages) > 0 {
		x.own(messages[0].ClientID)
	}
	x.run(messages)
}

// own makes the session of clientID, if there is one, the owner.
func (x *exchange) own(clientID []byte) {
	x.clientID = clientID
	if slot, r := x.s.sessions.client(clientID); r != nil {
		x.slot, x.owner, x.turn = slot, x.s.sessions.address(slot), r.turn
	}
}

// HasHandshake tells whether handling batch would be a handshake.
func HasHandshake(batch *message.Batch) bool { return findHandshake(batch.Messages) >= 0 }

func findHandshake(messages []message.Message) int {
	for i := range messages {
		if string(messages[i].Channel) == metaHandshake {
			return i
		}
	}
	return -1
}

// run handles messages in order, then those that are left for later, until one has to
// wait. Then it replies.
func (x *exchange) run(messages []message.Message) {
	for x.handle(messages) {
		if len(x.later) == 0 {
			x.reply()
			return
		}
		body, more := x.later[0], false
		x.later = x.later[1:]
		if messages, more = x.scan(body); !more {
			return
		}
	}
}

// handle handles messages in order, until one has to wait, which false tells.
func (x *exchange) handle(messages []message.Message) (all bool) {
	for i := range messages {
		if x.yields(messages[i:]) {
			return false
		}
		x.s.stats.MessagesIn++
		x.s.Spend(1)
		if x.dispatch(&messages[i]) == Wait {
			x.park(messages[i:])
			return false
		}
		x.got = awaited{} // it was for that message alone
	}
	return true
}

// dispatch handles one message; Wait means that it has to be handled again when
// its verdict is there.
func (x *exchange) dispatch(m *message.Message) Ruling {
	switch {
	case m.Wrong&message.FieldChannel != 0:
		x.fail(m, reply.ChannelInvalid, "")
		return Allow
	case len(m.Channel) == 0:
		x.fail(m, reply.ChannelMissing, "")
		return Allow
	case m.Wrong&message.FieldID != 0 || len(m.ID) > maxID:
		x.fail(m, reply.MessageIDInvalid, "")
		return Allow
	case m.Wrong != 0:
		x.fail(m, reply.FieldInvalid, "")
		return Allow
	}
	x.session = nil
	if string(m.ClientID) == string(x.clientID) {
		x.session = x.s.sessions.find(x.owner)
	}
	x.noteActivity(m)
	return x.operate(m)
}

func (x *exchange) operate(m *message.Message) Ruling {
	switch string(m.Channel) {
	case metaHandshake:
		return x.handshake(m)
	case metaConnect:
		x.connect(m)
	case metaSubscribe:
		return x.subscribe(m)
	case metaUnsubscribe:
		x.unsubscribe(m)
	case metaDisconnect:
		x.disconnect(m)
	default:
		return x.publish(m)
	}
	return Allow
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

// begin starts the reply to m and leaves it open; end closes it.
func (x *exchange) begin(m *message.Message, failure reply.Code) {
	x.open()
	if failure.Failed() {
		x.s.stats.Errors++
	}
	x.replies = x.s.terms.Append(x.replies, x.now, m.Channel, validID(m), failure)
}

func (x *exchange) end() { x.replies = append(x.replies, '}') }

// endMeta ends the reply to a meta message other than connect, with what
// extensions add to it.
func (x *exchange) endMeta(m *message.Message, e reply.Ext) {
	if sync, ok := reply.ReadTimesync(x.now, m.Ext); ok {
		sync.Append(&e, x.now)
	}
	x.replies = e.End()
	x.end()
}

// fail replies to m with an error and, unless it is empty, an advice.
func (x *exchange) fail(m *message.Message, failure reply.Code, advice string) {
	x.begin(m, failure)
	if isSubscription(m) { // (Bayeux 1.0, 3.12 MUST subscription-named)
		x.echoSubscription(m)
	}
	if advice != "" {
		x.replies = reply.AppendAdvice(x.replies, advice)
	}
	x.end()
}

// reply ends the exchange: the events that may ride along, then the replies.
func (x *exchange) reply() {
	s := x.s
	r := s.sessions.find(x.owner)
	if r != nil {
		s.await(x.now, x.slot, r)
	}
	if x.held {
		return
	}
	start := x.fx.begin()
	effect := Effect{Kind: Reply, To: x.req.To, Browser: x.browser}
	if r != nil {
		s.mark(x.slot, r)
	}
	if r != nil && x.mayCarryEvents(r) {
		effect.Session = s.sessions.address(x.slot)
		s.appendPending(r, &effect, x.fx, start, s.cfg.ReplyBytes-len(x.replies), x.batch)
	}
	if r != nil && x.carriesEvents && x.req.Type != WebSocket {
		s.owes(x.now, x.slot, r, &effect)
	}
	if r != nil && x.losses {
		s.trackLosses(x.slot, r, &effect)
	}
	if r != nil {
		r.delivery.send(&effect)
	}
	if len(x.replies) > 0 {
		x.fx.comma(start)
		x.fx.arena = append(x.fx.arena, x.replies...)
	}
	x.fx.add(effect, start)
}

// mayCarryEvents tells whether pending events go with this reply: with a connect's.
// Some clients look for events nowhere else, or take the first message of another
// reply for that reply. On a websocket that no stream has been made of yet another's
// has them too, if no connect is held and none of the session's last events can still
// be on their way on another connection, which would put them out of order. What had
// to wait while its client sent another connect carries none: nobody may be there to
// read it.
func (x *exchange) mayCarryEvents(r *session) bool {
	if r.queue.Blocked() || r.outlet.usesStream() || x.turn != r.turn {
		return false
	}
	if x.carriesEvents {
		return true
	}
	fits := len(x.replies) < x.s.cfg.ReplyBytes
	return fits && x.req.Type == WebSocket && !r.queue.Acknowledges() && !r.outlet.holds() && !r.delivery.unseen()
}
