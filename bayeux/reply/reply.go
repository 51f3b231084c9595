// Package reply encodes replies to clients: their common fields, errors, advice and
// extensions. It appends text and knows no session.
package reply

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
)

// Disconnected is the message to a client whose session the server has ended.
const Disconnected = `{"channel":"/meta/disconnect","successful":true}`

// AppendLastConnect appends the connect reply that ends a session on its stream, which no
// request has asked for.
func AppendLastConnect(dst []byte, failure Code, advice string) []byte {
	var t Terms
	return append(AppendAdvice(t.Append(dst, 0, []byte("/meta/connect"), nil, failure), advice), '}')
}

// Terms are what the replies of one server have in common. Durations are milliseconds.
type Terms struct {
	Hold, Interval, MaxInterval int64    // as advised
	Hosts                       []string // by which the server can be reached too
	Salesforce                  bool     // errors as clients of Salesforce's streaming know them
	Timestamp                   bool     // replies tell when they were made
}

// Append appends the fields that every reply has (Bayeux 1.0, 3.1 MUST channel;
// Bayeux 1.0, 3.8 MUST same-id; Bayeux 1.0, 3.11 MUST successful) and leaves the object open. A message
// without a channel has a reply without one, and so with the id.
func (t *Terms) Append(dst []byte, now int64, channel, id []byte, failure Code) []byte {
	dst = append(dst, '{')
	if len(channel) > 0 {
		dst = append(message.AppendString(append(dst, `"channel":`...), channel), ',')
	}
	if failure.Failed() {
		dst = append(dst, `"successful":false,"error":`...)
		dst = message.AppendString(dst, []byte(failure.String()))
	} else {
		dst = append(dst, `"successful":true`...)
	}
	if id != nil {
		dst = append(append(dst, `,"id":`...), id...)
	}
	if t.Timestamp {
		dst = event.AppendTimestamp(dst, now)
	}
	return dst
}

// Unknown is the error for a session that there is not.
func (t *Terms) Unknown() Code {
	if t.Salesforce {
		return SalesforceUnknown
	}
	return SessionUnknown
}
