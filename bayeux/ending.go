// Proved by TestEndings.

package bayeux

// EndCause is why a session has ended.
type EndCause uint8

// The causes of an end.
const (
	Left       EndCause = iota // its client has taken leave
	Missed                     // its client has not come back in time
	Inactive                   // its client has sent nothing but connects for --max-inactivity
	GivenUp                    // its queue was full and --slow says disconnect, or memory was short, or there was a fault over it
	GrantEnded                 // its authority gave it no longer
	Ordered                    // an operator has said so
	EndCauses  int      = iota
)

// Known tells whether c is one of the causes.
func (c EndCause) Known() bool { return int(c) < EndCauses }

// Ending is the end of a session. By is the request by which its client was there, zero where it was away.
type Ending struct {
	Session Address
	Cause   EndCause
	By      ReplyTo
}
