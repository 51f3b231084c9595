// Proved by TestScan and TestScanMutated.

package message

import (
	"hash/maphash"
	"strings"
)

// Message is one Bayeux message as spans over the scanned input, valid while
// that and the Batch are. A field that is absent, or null, is nil; only Data may
// be the value null.
type Message struct {
	Raw []byte // the whole object

	// Decoded strings.
	Channel, ClientID, ConnectionType []byte

	// JSON values as sent.
	ID, Data, Ext, Advice, Subscription, Version, MinimumVersion, SupportedConnectionTypes []byte

	// Wrong names the fields whose JSON type is not allowed; they are nil.
	Wrong Field
	// Has names the fields that it has, whatever their values.
	Has Field
}

// Field is a set of a message's fields.
type Field uint16

// The fields that the protocol names (Bayeux 1.0, 3.1 to 3.14).
const (
	FieldChannel Field = 1 << iota
	FieldClientID
	FieldConnectionType
	FieldID
	FieldData
	FieldExt
	FieldAdvice
	FieldSubscription
	FieldVersion
	FieldMinimumVersion
	FieldSupportedConnectionTypes
	FieldOther       // any that the protocol does not name
	fieldNone  Field = 0
)

// Batch is what one request carries. It may be used for many scans.
type Batch struct {
	Messages []Message
	scratch  []byte  // decoded strings that had escapes
	others   []other // keys of the message at hand that the protocol does not name
	seed     maphash.Seed

	visit   func(*Message) // of Each
	visited int            // messages that were handed to it
}

// other is a key that the protocol does not name.
type other struct {
	hash uint64
	name []byte
}

// fieldNames are the fields' names in the order of their bits.
var fieldNames = [...]string{
	"channel", "clientId", "connectionType", "id", "data", "ext", "advice", "subscription",
	"version", "minimumVersion", "supportedConnectionTypes",
}

// fieldOf finds the field that name stands for. It is on the way of every key, where a
// switch is faster than the table.
func fieldOf(name []byte) Field {
	switch string(name) {
	case "channel":
		return FieldChannel
	case "clientId":
		return FieldClientID
	case "connectionType":
		return FieldConnectionType
	case "id":
		return FieldID
	case "data":
		return FieldData
	case "ext":
		return FieldExt
	case "advice":
		return FieldAdvice
	case "subscription":
		return FieldSubscription
	case "version":
		return FieldVersion
	case "minimumVersion":
		return FieldMinimumVersion
	case "supportedConnectionTypes":
		return FieldSupportedConnectionTypes
	}
	return fieldNone
}

// maxLonger is by how many bytes a variant may be longer than a field's name: U+017F
// takes two bytes and folds to s, which no name has more than twice.
const maxLonger = 2

// isVariant tells whether name, which is no field, would be one if case were ignored,
// the way encoding/json does it.
func isVariant(name []byte) bool {
	for i := range fieldNames {
		longer := len(name) - len(fieldNames[i])
		if 0 <= longer && longer <= maxLonger && strings.EqualFold(string(name), fieldNames[i]) {
			return true
		}
	}
	return false
}

// set stores value, a JSON value without white space around it, in the field f.
// escaped tells whether it is a string with escapes.
func (m *Message) set(f Field, value []byte, escaped bool, batch *Batch) {
	if value[0] == 'n' && f != FieldData {
		return
	}
	if !allowed(f, value[0]) {
		m.Wrong |= f
		return
	}
	switch f {
	case FieldChannel:
		m.Channel = batch.decode(value, escaped)
	case FieldClientID:
		m.ClientID = batch.decode(value, escaped)
	case FieldConnectionType:
		m.ConnectionType = batch.decode(value, escaped)
	case FieldID:
		m.ID = value
	case FieldData:
		m.Data = value
	case FieldExt:
		m.Ext = value
	case FieldAdvice:
		m.Advice = value
	case FieldSubscription:
		m.Subscription = value
	case FieldVersion:
		m.Version = value
	case FieldMinimumVersion:
		m.MinimumVersion = value
	case FieldSupportedConnectionTypes:
		m.SupportedConnectionTypes = value
	}
}

// allowed tells whether a value that starts with c has a type that f may have.
func allowed(f Field, c byte) bool {
	switch f {
	case FieldChannel, FieldClientID, FieldConnectionType:
		return c == '"'
	case FieldID:
		return c == '"' || c == '-' || isDigit(c)
	case FieldExt, FieldAdvice:
		return c == '{'
	}
	return true
}

// decode returns the value of a JSON string: a span of it if it has no escape.
func (b *Batch) decode(raw []byte, escaped bool) []byte {
	if !escaped {
		return raw[1 : len(raw)-1]
	}
	start := len(b.scratch)
	b.scratch = AppendUnquoted(b.scratch, raw)
	return b.scratch[start:len(b.scratch):len(b.scratch)]
}
