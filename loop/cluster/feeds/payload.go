package feeds

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"halley/bayeux/message"
)

// dataOf is the payload of a message as data: JSON as it is, other text as a string, and other bytes as CometD's clients have them,
// for which a message has ext.binary.
func dataOf(payload []byte, maxDepth int) (data []byte, isBinary bool) {
	if trimmed := bytes.TrimSpace(payload); message.Valid(trimmed, maxDepth) == nil {
		return trimmed, false
	}
	if utf8.Valid(payload) {
		return message.AppendString(make([]byte, 0, len(payload)+16), payload), false
	}
	data = append(make([]byte, 0, len(payload)*5/4+64), `{"data":"`...)
	data = appendZ85(data, payload)
	return append(data, `","last":true,"meta":{}}`...), true
}

// z85 is the alphabet of ZeroMQ's encoding (rfc.zeromq.org, 32), of which no character needs an escape in JSON.
const z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// appendZ85 appends bytes in that encoding. The last group may be incomplete: n bytes of it are n + 1 characters, as CometD has it.
func appendZ85(dst, from []byte) []byte {
	for len(from) > 0 {
		var group [4]byte
		n := copy(group[:], from)
		from = from[n:]
		value := binary.BigEndian.Uint32(group[:])
		var text [5]byte
		for i := len(text) - 1; i >= 0; i-- {
			text[i] = z85[value%85]
			value /= 85
		}
		dst = append(dst, text[:n+1]...)
	}
	return dst
}
