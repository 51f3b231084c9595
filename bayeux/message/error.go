// Proved by TestErrorText.

package message

import "fmt"

// Kind is a way in which input fails to be a batch of messages.
type Kind uint8

// The kinds.
const (
	KindSyntax          Kind = iota + 1 // not JSON (RFC 8259)
	KindUTF8                            // not UTF-8 (RFC 8259, 8.1)
	KindDepth                           // nested more deeply than allowed
	KindNoMessage                       // a JSON value that is no object and no array of objects
	KindDuplicate                       // a field of a message twice, or one the protocol names in another case
	KindTooManyMessages                 // more messages in a batch than allowed
	KindTooManyFields                   // more fields in a message than allowed
)

var kindTexts = [...]string{
	0:                   "no fault",
	KindSyntax:          "not JSON",
	KindUTF8:            "not UTF-8",
	KindDepth:           "JSON nested too deeply",
	KindNoMessage:       "neither a JSON object nor an array of them",
	KindDuplicate:       "field given twice or in another case",
	KindTooManyMessages: "too many messages",
	KindTooManyFields:   "too many fields in a message",
}

// String says what is wrong, in words.
func (k Kind) String() string {
	if int(k) < len(kindTexts) {
		return kindTexts[k]
	}
	return "unknown fault"
}

// Error says what is wrong with input and where, as a byte offset.
type Error struct {
	Kind   Kind
	Offset int
}

// Error names the fault and the offset.
func (e Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Kind, e.Offset) }
