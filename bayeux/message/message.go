package message

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
}

// Field is a set of a message's fields.
type Field uint16

// The fields that the protocol names (Bayeux 1.0, section 3).
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
	fieldNone Field = 0
)

// Batch is what one request carries. It may be used for many scans.
type Batch struct {
	Messages []Message
	scratch  []byte   // decoded strings that had escapes
	others   [][]byte // keys of the message at hand that the protocol does not name
}

// field finds the field that name stands for; folded means that it does so only
// when case is ignored.
func field(name []byte) (f Field, folded bool) {
	f = fieldOf(string(name))
	if f != fieldNone || len(name) > longestName {
		return f, false
	}
	return foldedField(name)
}

// longestName is the length of supportedConnectionTypes.
const longestName = 24

func fieldOf(name string) Field {
	switch name {
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

func foldedField(name []byte) (Field, bool) {
	var buf [longestName]byte
	lower := appendLower(buf[:0], name)
	switch string(lower) {
	case "clientid":
		return FieldClientID, true
	case "connectiontype":
		return FieldConnectionType, true
	case "minimumversion":
		return FieldMinimumVersion, true
	case "supportedconnectiontypes":
		return FieldSupportedConnectionTypes, true
	}
	return fieldOf(string(lower)), true
}

func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// set stores value, a JSON value without white space around it, in the field f.
func (m *Message) set(f Field, value []byte, batch *Batch) {
	if string(value) == "null" && f != FieldData {
		return
	}
	if !allowed(f, value[0]) {
		m.Wrong |= f
		return
	}
	switch f {
	case FieldChannel:
		m.Channel = batch.decode(value)
	case FieldClientID:
		m.ClientID = batch.decode(value)
	case FieldConnectionType:
		m.ConnectionType = batch.decode(value)
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
func (b *Batch) decode(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if !hasEscape(inner) {
		return inner
	}
	start := len(b.scratch)
	b.scratch = AppendUnquoted(b.scratch, raw)
	return b.scratch[start:len(b.scratch):len(b.scratch)]
}
