package bayeux

// outletState says by which way a session's events reach its client now.
//
// Each state's paragraph says what the state is, how events go, which timer runs, what
// a /meta/connect does, what a request for a stream does (a GET of Faye's clients, see
// Server.Open), and what the end of its connection does. A connect of an inactive
// client ends the session in every state, and so does /meta/disconnect.
type outletState uint8

const (
	// handshaken is a session whose client has sent no connect yet. Events wait in the
	// queue. The expiry runs. The first connect is answered at once, so that its client
	// hears that it may go on, and leads to away; one by websocket without
	// acknowledgement leads to socket, one of a streaming type to stream. A GET leads to
	// eventSource. There is no connection to end.
	handshaken outletState = iota

	// away is a session with no held connect and no stream: its client is between two
	// connects, or gone. Events wait for the next reply that may carry them, see
	// exchange.mayCarryEvents. The expiry runs. A connect is answered at once if events
	// wait, and is held otherwise: it leads to polling, socketHeld or stream, by its
	// type. A GET leads to eventSource. There is no connection to end.
	away

	// polling is a session whose connect is held, with no stream beside it. The
	// connect came by HTTP, or by the websocket of a client that acknowledges. Events
	// go before its reply, which leads to away. The hold time runs. A connect has the
	// held one answered without events, and takes its place; on the same websocket the
	// held one has no reply. The heartbeat of an event-stream's client leaves a poll alone,
	// but has a websocket's connect answered. A GET leads to eventSourceHeld: the poll stays
	// held. The connection's end leads to away.
	polling

	// socket is a session whose stream is a websocket, while no connect is held there.
	// Events go as frames. The expiry runs. A connect on the same websocket leads to
	// socketHeld. One by another connection gives the stream up, and leads to what away
	// leads to. A GET leads to eventSource; the websocket stays open. The
	// connection's end leads to away.
	socket

	// socketHeld is socket with a held connect on the same websocket. Events go as
	// frames; the connect stays held, unless the news of lost events has to go with its
	// reply. The hold time runs. A connect on the same websocket takes the place of the
	// held one, which has no reply. One by another connection has the held one answered,
	// and goes on as in socket. So does a GET. The connection's end leads to away.
	socketHeld

	// stream is a session whose connect of a streaming type (xhr-streaming, iframe,
	// mime-message-block) was answered with a response that does not end. Events go there.
	// No timer runs: the client sends no connect until the response has ended. A
	// connect ends the stream and goes on as in away. A GET ends the stream and leads
	// to eventSource. The connection's end leads to away.
	stream

	// eventSource is a session with an event-stream that a GET opened, and no held poll
	// beside it. Events go there, unless the client is not known to hear it (see
	// hearing): then they go with the replies to its polls. The expiry runs, for at least
	// the hold time, since the client connects as seldom as that. Its heartbeat, a connect
	// of the type eventsource, is answered at once. A poll is held beside the stream and
	// leads to eventSourceHeld; if it is doubted that the client hears the stream, it is
	// answered at once. A connect of any other type ends the stream and goes on as in
	// away. A GET ends the stream and takes its place. The connection's end leads to away.
	eventSource

	// eventSourceHeld is eventSource with a held poll beside the stream, on a connection
	// of its own. Events go as in eventSource. The hold time runs. A heartbeat is
	// answered at once, and does to the held connect what it does in polling. A poll has
	// the held one answered and takes its place. A connect of any other type has the poll answered, ends the
	// stream, and goes on as in away. A GET ends the stream and takes its place; the poll
	// stays held. The end of the poll's connection leads to eventSource, the end of the
	// stream's to polling.
	eventSourceHeld

	// reserved is a session made for one event-stream of a client that speaks no Bayeux,
	// while the stream is not open: a verdict or the past is awaited, or the stream has
	// gone and the next flush ends the session. Events wait in the queue. The expiry
	// runs. Nobody knows the clientId, so no connect and no GET can come.
	reserved

	// anonymous is a session whose one event-stream is open. Events go there. No timer
	// runs. Nobody knows the clientId, so no connect and no GET can come. The
	// connection's end leads to reserved, and the session ends.
	anonymous

	outletStates
)

var outletNames = [outletStates]string{"handshaken", "away", "polling", "socket", "socket-held", "stream", "event-source",

	"event-source-held", "reserved", "anonymous"}

// String is the state's name as in ARCHITECTURE and the names of transcripts.
func (s outletState) String() string { return outletNames[s] }

// States by what they have in common, a bit for each.
const (
	holding   = 1<<polling | 1<<socketHeld | 1<<eventSourceHeld
	streaming = 1<<socket | 1<<socketHeld | 1<<stream | byEventSource
	nameless  = 1<<reserved | 1<<anonymous

	byEventSource = 1<<eventSource | 1<<eventSourceHeld | 1<<anonymous
)

func (s outletState) in(states uint) bool { return states>>s&1 != 0 }

// outlet is the way by which a session's events reach its client: its state, and the
// requests that the state is about. The functions of this file and of hearing.go are all
// that changes it, one for each thing that can happen.
type outlet struct {
	held       ReplyTo        // the held connect
	stream     ReplyTo        // the request that became the stream
	heldType   ConnectionType // of the held connect
	streamType ConnectionType
	state      outletState
	hearing    hearing // outlives the event-stream that it is about
}

// holds tells whether a connect is held.
func (o *outlet) holds() bool { return o.state.in(holding) }

// polls tells whether a poll is held: a connect that is answered once.
func (o *outlet) polls() bool { return o.holds() && o.heldType.answers() }

// streams tells whether a stream is open.
func (o *outlet) streams() bool { return o.state.in(streaming) }

// usesStream tells whether events go on the stream, not with replies.
func (o *outlet) usesStream() bool {
	return o.streams() && (o.hearing != unheard || !o.state.in(byEventSource))
}

// takes tells whether events can go out now, without a request that comes first.
func (o *outlet) takes() bool { return o.holds() || o.usesStream() }

// waits tells whether a drain has to let the client go. One on a websocket goes with that.
func (o *outlet) waits() bool {
	return o.holds() && o.heldType != WebSocket || o.streams() && o.streamType != WebSocket
}

// nameless tells whether the session was made for one event-stream.
func (o *outlet) nameless() bool { return o.state.in(nameless) }

// timer is the one that runs for a session.
type timer uint8

const (
	expiry   timer = iota // the session ends unless its client is heard of
	holdTime              // the held connect is answered
	noTimer               // its connection's end will tell that the client has gone
)

// timer is the one that runs in the state.
func (o *outlet) timer() timer {
	switch {
	case o.holds():
		return holdTime
	case o.state == stream || o.state == anonymous:
		return noTimer
	}
	return expiry
}

// displaces tells whether a connect of that type ends the held one: any does, but that
// the heartbeat of an event-stream's client leaves a poll alone.
func (o *outlet) displaces(kind ConnectionType) bool {
	return o.holds() && !(kind == EventSource && o.heldType.answers())
}

// outlives tells whether the stream outlives a connect of that type by the request to: a
// websocket the connects on itself, an event-stream the polls and heartbeats beside it.
func (o *outlet) outlives(kind ConnectionType, to ReplyTo) bool {
	return o.stream == to || o.state.in(byEventSource) && kind.keepsStream()
}

// goesWith tells whether the held connect and the stream end with the connection of the
// request to.
func (o *outlet) goesWith(to ReplyTo) (poll, stream bool) {
	return o.holds() && o.held == to, o.streams() && o.stream == to
}

// reserve makes the outlet of a new session one for an event-stream without Bayeux.
func (o *outlet) reserve() { o.state = reserved }

// connect notes that a connect or a GET has come, and tells whether it is the first.
func (o *outlet) connect() (first bool) {
	if first = o.state == handshaken; first {
		o.state = away
	}
	return first
}

// hold notes that a connect is held.
func (o *outlet) hold(to ReplyTo, kind ConnectionType) {
	o.held, o.heldType = to, kind
	switch o.state {
	case away:
		o.state = polling
	case socket:
		o.state = socketHeld
	case eventSource:
		o.state = eventSourceHeld
	}
}

// answer notes that the held connect is answered, or will never be.
func (o *outlet) answer() {
	o.held, o.heldType = ReplyTo{}, 0
	switch o.state {
	case polling:
		o.state = away
	case socketHeld:
		o.state = socket
	case eventSourceHeld:
		o.state = eventSource
	}
}

// open notes that the request to has become the stream. There is none before.
func (o *outlet) open(to ReplyTo, kind ConnectionType) {
	o.stream, o.streamType = to, kind
	switch {
	case o.state == reserved:
		o.state = anonymous
	case kind == WebSocket:
		o.state = socket
	case kind != EventSource:
		o.state = stream
	case o.state == polling:
		o.state = eventSourceHeld
	default:
		o.state = eventSource
	}
}

// close notes that the stream has ended, from either side.
func (o *outlet) close() {
	o.stream, o.streamType = ReplyTo{}, 0
	switch o.state {
	case anonymous:
		o.state = reserved
	case eventSourceHeld:
		o.state = polling
	default:
		o.state = away
	}
}

// doubts tells whether the client of an open event-stream may hear nothing of it.
func (o *outlet) doubts() bool { return o.state.in(byEventSource) && o.hearing == doubted }
