// Proved by TestParseAdvice and TestMachineForgetsAnExpiredSession.

package client

import (
	"time"

	"github.com/goccy/go-json"
)

// Reconnect is what the server wants a client to do next (Bayeux 1.0, 3.6.1 MUST reconnect-none).
type Reconnect string

// The three values of reconnect.
const (
	Retry       Reconnect = "retry"     // send the next connect
	Rehandshake Reconnect = "handshake" // the session is gone: shake hands
	None        Reconnect = "none"      // send nothing more
)

// Advice is the server's guidance (Bayeux 1.0, 3.6).
type Advice struct {
	Reconnect   Reconnect
	Interval    time.Duration // before the next connect (Bayeux 1.0, 3.6.3 MUST interval)
	Timeout     time.Duration // how long a connect may be held
	MaxInterval time.Duration // how long a session outlives its last connect; 0 when not told
}

// maxAdvice keeps a server's mistake from stopping a client for days.
const maxAdvice = time.Hour

func defaultAdvice() Advice { return Advice{Reconnect: Retry, Timeout: time.Minute} }

// parseAdvice reads an advice object. What it leaves out has its default, as
// each advice replaces the one before. Fields of a wrong type count as left
// out.
func parseAdvice(raw json.RawMessage) Advice {
	a := defaultAdvice()
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return a
	}
	var reconnect string
	if json.Unmarshal(fields["reconnect"], &reconnect) == nil {
		switch r := Reconnect(reconnect); r {
		case Retry, Rehandshake, None:
			a.Reconnect = r
		}
	}
	a.Interval = milliseconds(fields["interval"], a.Interval)
	a.Timeout = milliseconds(fields["timeout"], a.Timeout)
	a.MaxInterval = milliseconds(fields["maxInterval"], a.MaxInterval)
	return a
}

// milliseconds reads a duration of the wire, or gives otherwise.
func milliseconds(raw json.RawMessage, otherwise time.Duration) time.Duration {
	var ms float64
	if raw == nil || json.Unmarshal(raw, &ms) != nil || ms < 0 {
		return otherwise
	}
	if ms > float64(maxAdvice/time.Millisecond) {
		return maxAdvice
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// lifetime is how long a session surely lives without a connect, 0 when the
// server did not say.
func (a Advice) lifetime() time.Duration {
	if a.MaxInterval == 0 {
		return 0
	}
	return a.Timeout + a.Interval + a.MaxInterval
}
