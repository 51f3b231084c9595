package message

import "fmt"

// Kind is a way in which input fails to be a batch of messages.
type Kind uint8

// The kinds.
const (
	KindSyntax       Kind = iota + 1 // not JSON (RFC 8259)
	KindUTF8                         // not UTF-8 (RFC 8259, section 8.1)
	KindDepth                        // nested too deeply
	KindNoMessage                    // a JSON value that is no object and no array of objects
	KindDuplicate                    // a field of a message twice, or once more in another case
	KindTooManyItems                 // more messages in a batch, or fields in a message, than allowed
)

var kindTexts = [...]string{
	KindSyntax:       "not JSON",
	KindUTF8:         "not UTF-8",
	KindDepth:        "JSON nested too deeply",
	KindNoMessage:    "neither a JSON object nor an array of them",
	KindDuplicate:    "field given twice",
	KindTooManyItems: "too many messages or fields",
}

// String says what is wrong, in words.
func (k Kind) String() string { return kindTexts[k] }

// Error says what is wrong with input and where, as a byte offset.
type Error struct {
	Kind   Kind
	Offset int
}

func (e Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Kind, e.Offset) }
