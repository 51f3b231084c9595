package front

import (
	"bytes"

	"halley/httpparse"
)

// AppendMessages appends the messages of a form or query to dst as one JSON array: those
// of all its fields named message, each an object or an array (Bayeux 1.0, 6.1 SHOULD form).
// It tells whether there is such a field, and all are encoded as they should be. What is
// in them is not looked at.
func AppendMessages(dst, form []byte) (batch []byte, ok bool) {
	batch = append(dst, '[')
	valid := true
	httpparse.Values(form, "message", func(raw []byte) bool {
		start := len(batch)
		var err error
		if batch, err = httpparse.AppendUnescaped(batch, raw); err != nil {
			valid = false
			return false
		}
		ok = true
		if batch = append(batch[:start], unwrap(batch[start:])...); len(batch) > start {
			batch = append(batch, ',')
		}
		return true
	})
	return append(bytes.TrimSuffix(batch, []byte(",")), ']'), ok && valid
}

// unwrap takes the brackets off an array, so that arrays can be joined.
func unwrap(value []byte) []byte {
	value = bytes.TrimSpace(value)
	if n := len(value); n >= 2 && value[0] == '[' && value[n-1] == ']' {
		return value[1 : n-1]
	}
	return value
}
