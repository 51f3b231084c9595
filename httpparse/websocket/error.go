package websocket

// Kind is the reason for which a client's frames were refused. The list is closed: it can index an
// array of KindCount counters.
type Kind uint8

// The kinds.
const (
	_                    Kind = iota
	KindReserved              // a reserved bit that no extension gives a meaning (RFC 6455, 5.2 MUST reserved-bits)
	KindOpcode                // an opcode that is not defined (RFC 6455, 5.2 MUST unknown-opcode)
	KindUnmasked              // a frame without a mask (RFC 6455, 5.1 MUST unmasked)
	KindLength                // a length in more bytes than it needs, or of 63 bits and more (RFC 6455, 5.2 MUST least-length)
	KindControl               // a control frame beyond 125 bytes, or in fragments (RFC 6455, 5.5 MUST control-frames)
	KindFragment              // a continuation of nothing, or a message inside another (RFC 6455, 5.4 MUST NOT interleaved)
	KindClose                 // a close frame of one byte, or with a code that must not be sent (RFC 6455, 7.4)
	KindBinary                // a binary message where only text is spoken
	KindUTF8                  // text that is not UTF-8 (RFC 6455, 8.1 MUST utf8)
	KindTooLong               // a message beyond Limits.MaxMessage
	KindTooManyFragments      // a message in more frames than Limits.MaxFragments

	// KindCount is one more than the last Kind.
	KindCount = iota
)

// kinds gives each Kind its close code and its words.
var kinds = [KindCount]struct {
	code Code
	text string
}{
	0:                    {CodeInternal, "no fault"},
	KindReserved:         {CodeProtocol, "reserved bit"},
	KindOpcode:           {CodeProtocol, "opcode"},
	KindUnmasked:         {CodeProtocol, "unmasked frame"},
	KindLength:           {CodeProtocol, "length"},
	KindControl:          {CodeProtocol, "control frame"},
	KindFragment:         {CodeProtocol, "fragment out of order"},
	KindClose:            {CodeProtocol, "close frame"},
	KindBinary:           {CodeUnsupported, "binary message"},
	KindUTF8:             {CodeInvalidData, "not UTF-8"},
	KindTooLong:          {CodeTooBig, "message too long"},
	KindTooManyFragments: {CodeTooBig, "too many fragments"},
}

// Code is the close code with which a connection of this fault ends: 1002, 1003, 1007 or 1009.
func (k Kind) Code() Code { return kinds[k].code }

// String is a short English name of the fault, fit for a log line, a metric's label or the reason in a
// close frame.
func (k Kind) String() string { return kinds[k].text }

// Error is a fault of the peer. Its connection is to be closed, with Kind.Code: where the next frame
// would begin is no longer known.
type Error struct {
	Kind Kind
}

// Error gives the kind, never bytes of the peer.
func (e Error) Error() string { return "websocket: " + e.Kind.String() }
