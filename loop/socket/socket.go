// Package socket is one byte connection of an event loop, whatever lies between its plaintext and the kernel. It knows
// neither HTTP nor Bayeux. A Socket belongs to its loop and is used only there, and not after it has closed: the number of
// its file may be another client's by then.
package socket

// Socket is a connection as plaintext: Plain as it is, and an encrypted one as what its peer means. All counts are of
// bytes of plaintext.
type Socket interface {
	// Receive takes in what has come. The loop calls it before it looks at the input, with each event of the connection.
	// After an error, io.EOF if the peer has said that no more comes, the loop works on the input that there is, and closes
	// the connection.
	Receive() error

	// Buffered is how many bytes of input wait.
	Buffered() int

	// Peek is a view of the first n bytes of input, of all with -1; there must be as many. It may be written to, and is
	// valid until the next call of Receive or Discard.
	Peek(n int) []byte

	// Discard drops the first n bytes of input, all with -1.
	Discard(n int)

	// Write sends p, or keeps a copy of what does not leave at once, without a bound: the loop bounds it by Unsent. A
	// connection that fails is closed before Write returns the error.
	Write(p []byte) error

	// Unsent is how many of the bytes written have not left for the kernel. A byte that goes out in one piece with others,
	// as in a record, has left when the whole piece has.
	Unsent() int

	// Held is how many bytes the input takes that waits, those that cannot be looked at yet included.
	Held() int

	// Shut says that no more output comes. What was written must have left. Input is still received. False means that the
	// peer has to be told first: Unsent is more than 0 then, and Shut is to be called again when all has left. If the
	// connection has failed it is closed before Shut returns.
	Shut() bool

	// Closed says that the connection has closed. Nothing else is called from then on.
	Closed()

	// Conn is the connection below.
	Conn() Conn
}
