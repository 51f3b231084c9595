// Proved by bayeux/testdata/stream-events.txt and TestConflatedEventsOfASlowStream.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/reply"
)

// EffectKind says what an Effect asks for.
type EffectKind uint8

// The kinds of effects.
const (
	// Reply answers the request To with the messages of Messages. If Numbered is
	// set, they include events up to number Upto of the session at Session: the
	// executor reports Written or Bounced.
	Reply EffectKind = iota
	// Hold keeps the request To waiting for the session at Session; the executor
	// reports Gone if its connection closes.
	Hold
	// Close ends the request To, of which more came than may wait: status 413, an
	// empty body, and the connection closes. A websocket is closed.
	Close
	// Abort closes the connection of the request To at once, since there was a fault over it.
	Abort
	// Abandon gives up the reply to To, whose client has come back without waiting
	// for the rest of it: if bytes of it still wait, its connection closes.
	Abandon
	// Stream makes the request To a stream of the session at Session, of the type
	// Type: what Messages has goes first, and Deliver brings more. The executor
	// reports Gone when its connection closes.
	Stream
	// Deliver sends messages on the stream To, as a Reply does.
	Deliver
	// EndStream ends the stream To. A websocket stays open, but is no more the
	// stream of the session at Session.
	EndStream
	// Refuse answers the request To, which asked for a stream, with Status.
	Refuse
	// Publish hands Event to the other loops that are interested in its channel.
	Publish
	// Sequence gives Event its place in the order of sequenced channels, from where it
	// comes to all loops that are interested in its channel, this one included. If it has
	// a Ticket, Stored brings the news that the event is stored.
	Sequence
	// Pass publishes Event, which came by other servers, to all interested loops, this one included, unless it has been here
	// before. Stored brings the news as for a Sequence.
	Pass
	// AddInterest says that this loop has its first subscriber of a pattern.
	AddInterest
	// RemoveInterest says that this loop has lost its last subscriber of a pattern.
	RemoveInterest
	// Join asks for what is remembered of Wanted, for Ticket: the answer comes with
	// Joined. It must be taken such that no event of those patterns that is
	// delivered here comes both with it and after it, or with neither.
	Join
	// Recall asks for what follows in the replays Wanted of the session at Session: the
	// answer comes with Recalled, for Ticket, on the terms of a Join.
	Recall
	// Yield makes way for others: in a later turn GoOn is to be reported for Ticket, or
	// GiveUp if the connection of the request To has gone by then.
	Yield
	// CaughtUp says that nothing that came by the websocket To waits any more, see
	// Waits.
	CaughtUp
	// Decide puts Question to the authority, see Authority.Ask; Decided brings the verdict for Ticket.
	Decide
	// Guessed tells that the request To names a session that lives, but not its secret. What answers the request follows,
	// unless the executor does so here.
	Guessed
	effectKinds int = iota
)

// Known tells whether k is one of the kinds.
func (k EffectKind) Known() bool { return int(k) < effectKinds }

// Effect is one thing that the driver of a Server has to do.
type Effect struct {
	Kind     EffectKind
	Type     ConnectionType
	Numbered bool
	// Anonymous is set with a Deliver to a client that speaks no Bayeux. Gap tells
	// that the first message of a Deliver is about events lost before it.
	Anonymous, Gap bool
	// More is set with a Reply during a drain if events are left that it has no room for:
	// its client is to come back to this server, and its connection stays open.
	More    bool
	Status  uint16 // of HTTP, with a Refuse
	To      ReplyTo
	Session Address
	Upto    uint32
	// Browser, if not zero, is a new browser cookie to set with a Reply.
	Browser uint64
	Event   event.Event
	Ticket  Ticket
	// Question is what a Decide wants to know.
	Question *Question
	// Wanted is what a Join or Recall is for.
	Wanted []history.Wanted

	start, end uint32 // of the effect's bytes in the arena
	ends       uint32 // of its messages' ends, the first one's index
}

// Effects collects what a Server wants done, in order; it is the only way out
// of the core. The zero value is ready; Reset makes it so again.
type Effects struct {
	List  []Effect
	arena []byte
	ends  []uint32 // where the messages of streams end in the arena
}

// Reset empties fx and keeps its memory.
func (fx *Effects) Reset() {
	clear(fx.List)
	fx.List, fx.arena, fx.ends = fx.List[:0], fx.arena[:0], fx.ends[:0]
}

// Messages returns the messages of a Reply as JSON objects with commas between
// them, valid until fx changes.
func (fx *Effects) Messages(e *Effect) []byte { return fx.arena[e.start:e.end] }

// Each calls visit with every event of a Deliver, one after the other.
func (fx *Effects) Each(e *Effect, visit func(message []byte)) {
	start := e.start
	for _, end := range fx.ends[e.ends:] {
		if end > e.end {
			break
		}
		visit(fx.arena[start:end])
		start = end + uint32(len(","))
	}
}

// Pattern returns the pattern of an AddInterest or RemoveInterest, valid until
// fx changes.
func (fx *Effects) Pattern(e *Effect) []byte { return fx.arena[e.start:e.end] }

// begin marks where the next effect's bytes start.
func (fx *Effects) begin() int { return len(fx.arena) }

// comma separates the next message from one before it since start.
func (fx *Effects) comma(start int) {
	if len(fx.arena) > start {
		fx.arena = append(fx.arena, ',')
	}
}

// messages is the number of messages of streams so far.
func (fx *Effects) messages() uint32 { return uint32(len(fx.ends)) }

// endMessage notes that a message of a stream ends here.
func (fx *Effects) endMessage() { fx.ends = append(fx.ends, uint32(len(fx.arena))) }

// add appends e, whose bytes are those since start.
func (fx *Effects) add(e Effect, start int) {
	e.start, e.end = uint32(start), uint32(len(fx.arena))
	fx.List = append(fx.List, e)
}

func (fx *Effects) interest(kind EffectKind, pattern []byte) {
	start := fx.begin()
	fx.arena = append(fx.arena, pattern...)
	fx.add(Effect{Kind: kind}, start)
}

func (fx *Effects) refuse(to ReplyTo, status uint16, reason reply.Code) {
	start := fx.begin()
	fx.arena = append(fx.arena, reason.String()...)
	fx.add(Effect{Kind: Refuse, To: to, Status: status}, start)
}
