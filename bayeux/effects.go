package bayeux

// ReplyTo names a request that waits for its reply: the loop and slot of its
// connection, the slot's generation, and the request's serial number there. The
// core only carries and compares it.
type ReplyTo struct {
	Loop   uint16
	Conn   uint32
	Gen    uint32
	Serial uint32
}

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
	// Close ends the held request To, which a newer connect has displaced: status
	// 408, an empty body, and the connection closes.
	Close
	// Abandon gives up the reply to To, whose client has come back without waiting
	// for the rest of it: if bytes of it still wait, its connection closes.
	Abandon
	// Publish hands Event to the other loops that are interested in its channel.
	Publish
	// AddInterest says that this loop has its first subscriber of a pattern.
	AddInterest
	// RemoveInterest says that this loop has lost its last subscriber of a pattern.
	RemoveInterest
	// Ask puts a question to the policy; Resume brings the verdict for Ticket.
	Ask
)

// Effect is one thing that the driver of a Server has to do.
type Effect struct {
	Kind     EffectKind
	Numbered bool
	To       ReplyTo
	Session  Address
	Upto     uint32
	// Browser, if not zero, is a new browser cookie to set with a Reply.
	Browser uint64
	Event   Event
	Ticket  Ticket
	// Question is what an Ask wants to know.
	Question *Question

	start, end int // of the effect's bytes in the arena
}

// Effects collects what a Server wants done, in order; it is the only way out
// of the core. The zero value is ready; Reset makes it so again.
type Effects struct {
	List  []Effect
	arena []byte
}

// Reset empties fx and keeps its memory.
func (fx *Effects) Reset() {
	clear(fx.List)
	fx.List, fx.arena = fx.List[:0], fx.arena[:0]
}

// Messages returns the messages of a Reply as JSON objects with commas between
// them, valid until fx changes.
func (fx *Effects) Messages(e *Effect) []byte { return fx.arena[e.start:e.end] }

// Pattern returns the pattern of an AddInterest or RemoveInterest, valid until
// fx changes.
func (fx *Effects) Pattern(e *Effect) []byte { return fx.arena[e.start:e.end] }

// begin marks where the next effect's bytes start.
func (fx *Effects) begin() int { return len(fx.arena) }

// join separates the next message from one before it since start.
func (fx *Effects) join(start int) {
	if len(fx.arena) > start {
		fx.arena = append(fx.arena, ',')
	}
}

// add appends e, whose bytes are those since start.
func (fx *Effects) add(e Effect, start int) {
	e.start, e.end = start, len(fx.arena)
	fx.List = append(fx.List, e)
}

func (fx *Effects) interest(kind EffectKind, pattern []byte) {
	start := fx.begin()
	fx.arena = append(fx.arena, pattern...)
	fx.add(Effect{Kind: kind}, start)
}
