package reply

import (
	"strconv"

	"halley/bayeux/message"
)

// Advice that is the same for all clients. One whose session is unknown shakes hands:
// it is never told none, which would end some clients for good.
const (
	AdviceHandshake = `{"reconnect":"handshake","interval":0}`
	AdviceApart     = `{"reconnect":"handshake","interval":1000}` // for a client whose session is of a node that is heard, though apart
	AdviceNone      = `{"reconnect":"none"}`
	AdviceFull      = `{"reconnect":"retry","interval":5000}`  // for a handshake that there is no room for
	AdviceDamped    = `{"reconnect":"retry","interval":10000}` // for one of a storm
)

// Reconnect is what an Advice tells a client to do next.
type Reconnect uint8

// What a client may be told (Bayeux 1.0, 3.6). Usual leaves it to the operation
// that was refused.
const (
	Usual     Reconnect = iota
	Retry               // try again
	Handshake           // shake hands again
	None                // stop
)

// Known tells whether r is one of these.
func (r Reconnect) Known() bool { return r <= None }

// Advice tells a client what to do after a refusal.
type Advice struct {
	Reconnect Reconnect
	Interval  int64 // how long to wait before that, in milliseconds; None needs none
}

// Or is the JSON of a, or another's where a leaves it to the operation.
func (a Advice) Or(usual string) string {
	switch a.Reconnect {
	case Retry:
		return `{"reconnect":"retry","interval":` + strconv.FormatInt(a.Interval, 10) + `}`
	case Handshake:
		return `{"reconnect":"handshake","interval":` + strconv.FormatInt(a.Interval, 10) + `}`
	case None:
		return AdviceNone
	}
	return usual
}

// AppendAdvice appends an advice field with that JSON value.
func AppendAdvice(dst []byte, advice string) []byte {
	return append(append(dst, `,"advice":`...), advice...)
}

// AppendRetry appends the advice to go on polling: how long to wait before the
// next connect, how long it will be held, how long the session outlives both.
func (t *Terms) AppendRetry(dst []byte, interval int64, multiple bool) []byte {
	dst = t.appendRetry(dst, interval, t.Hold)
	if multiple {
		dst = append(dst, `,"multiple-clients":true`...)
	}
	return append(dst, '}')
}

// AppendWelcome appends the advice of a handshake: how to go on, and by which
// hosts the server can be reached too (Bayeux 1.0, 2.2).
func (t *Terms) AppendWelcome(dst []byte) []byte {
	dst = t.appendRetry(dst, t.Interval, t.Hold)
	for i, host := range t.Hosts {
		start := ","
		if i == 0 {
			start = `,"hosts":[`
		}
		dst = message.AppendString(append(dst, start...), []byte(host))
	}
	if len(t.Hosts) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// AppendHeartbeat appends the advice for a client whose events come on a
// stream: connect again after the time that a poll would be held, and expect no
// waiting then.
func (t *Terms) AppendHeartbeat(dst []byte) []byte {
	return append(t.appendRetry(dst, t.Hold, 0), '}')
}

func (t *Terms) appendRetry(dst []byte, interval, timeout int64) []byte {
	dst = append(dst, `,"advice":{"reconnect":"retry","interval":`...)
	dst = strconv.AppendInt(dst, interval, 10)
	dst = append(dst, `,"timeout":`...)
	dst = strconv.AppendInt(dst, timeout, 10)
	dst = append(dst, `,"maxInterval":`...)
	return strconv.AppendInt(dst, t.MaxInterval, 10)
}
