package websocket

// Limits are what a connection's messages may be. One value serves all connections.
type Limits struct {
	MaxMessage   int  // bytes of one message, its fragments together
	MaxFragments int  // frames of one message, empty ones included
	Binary       bool // accept binary messages, too; they are refused with 1003 otherwise
	RSV1         bool // accept compressed messages, where permessage-deflate was agreed (RFC 7692)
}

// Message is a whole message, or a control frame.
type Message struct {
	Opcode     Opcode // OpText, OpBinary, OpClose, OpPing or OpPong; OpContinuation if nothing is complete
	Compressed bool   // Payload is to be inflated (RFC 7692, 7.2.2); if it is text, it is not checked as such
	Code       Code   // of OpClose, CodeNoStatus if it has none
	Payload    []byte // without the mask; of OpClose the reason. Valid until the next call, and while the input is
}

// Assembler puts a client's messages together from input that is cut anywhere. The zero value is ready.
// It holds a buffer only while a frame or a message is incomplete, and no more in it than has arrived.
type Assembler struct {
	buf       []byte // the message so far, and behind it a header or a control frame of which parts have arrived
	size      int    // of buf, what belongs to the message's complete frames
	left      int    // bytes of the present frame's payload that have not arrived
	fragments int32  // frames of the message so far
	mask      [maskLength]byte
	text      Text   // of a text message
	frame     Opcode // the present frame's
	message   Opcode // the unfinished message's, OpContinuation between messages
	state     state
	flags     flags
}

// state is where in the input the Assembler stands.
type state uint8

const (
	inHeader  state = iota
	inPayload       // the header was read
	closed          // a close frame was read: nothing counts after it (RFC 6455, 5.5.1)
	failed          // and the Kind is in buf
)

// flags of the present frame and of the message.
type flags uint8

const (
	flagFin        flags = 1 << iota // the present frame is its message's last
	flagCompressed                   // the message is compressed
	maskTurn                         // the lowest of two bits: how many of the mask's bytes the next byte is beyond
)

// Next reads src up to the end of the first message or control frame in it, and gives that and the
// number of bytes that it took. If m.Opcode is OpContinuation then all of src was taken, and there is no
// message yet. A frame that is whole in src is unmasked in place, and the Payload of an unfragmented
// message is a span of src then. An error is an Error, and ends the connection: every later call
// returns it again.
func (a *Assembler) Next(l *Limits, src []byte) (m Message, n int, err error) {
	return m, n, nil
}
