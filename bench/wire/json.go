// Proved by TestBatch, TestParseExt and TestParseAdvice.

package wire

import (
	"encoding/json"
	"errors"
)

// ErrJSON says that the bytes are not the JSON that was expected.
var ErrJSON = errors.New("malformed JSON")

// maxDepth bounds the nesting that a reply may have.
const maxDepth = 64

// cursor walks over a JSON text without building anything.
type cursor struct {
	buf []byte
	at  int
}

func (c *cursor) space() {
	for c.at < len(c.buf) {
		switch c.buf[c.at] {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return
		}
	}
}

// take skips space and then b, if it is there.
func (c *cursor) take(b byte) bool {
	c.space()
	if c.at < len(c.buf) && c.buf[c.at] == b {
		c.at++
		return true
	}
	return false
}

// value skips one value and returns its span.
func (c *cursor) value(depth int) ([]byte, error) {
	c.space()
	start := c.at
	if start >= len(c.buf) || depth > maxDepth {
		return nil, ErrJSON
	}
	var err error
	switch c.buf[start] {
	case '"':
		err = c.text()
	case '{':
		err = c.members(depth, func(_, _ []byte) {})
	case '[':
		err = c.elements(depth)
	default:
		c.literal()
		if c.at == start {
			err = ErrJSON
		}
	}
	return c.buf[start:c.at], err
}

// text skips a string; an escape is any two bytes, which is enough to find the end.
func (c *cursor) text() error {
	for i := c.at + 1; i < len(c.buf); i++ {
		switch c.buf[i] {
		case '\\':
			i++
		case '"':
			c.at = i + 1
			return nil
		}
	}
	return ErrJSON
}

// literal skips a number, true, false or null up to the next structural byte.
func (c *cursor) literal() {
	for ; c.at < len(c.buf); c.at++ {
		switch c.buf[c.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n', '{', '[', '"', ':':
			return
		}
	}
}

// members walks over an object and hands each key (without quotes) and value span to visit.
func (c *cursor) members(depth int, visit func(key, value []byte)) error {
	if !c.take('{') {
		return ErrJSON
	}
	if c.take('}') {
		return nil
	}
	for {
		key, err := c.value(depth + 1)
		if err != nil || key[0] != '"' || !c.take(':') {
			return ErrJSON
		}
		value, err := c.value(depth + 1)
		if err != nil {
			return err
		}
		visit(key[1:len(key)-1], value)
		if c.take(',') {
			continue
		}
		if c.take('}') {
			return nil
		}
		return ErrJSON
	}
}

func (c *cursor) elements(depth int) error {
	if !c.take('[') {
		return ErrJSON
	}
	if c.take(']') {
		return nil
	}
	for {
		if _, err := c.value(depth + 1); err != nil {
			return err
		}
		if c.take(',') {
			continue
		}
		if c.take(']') {
			return nil
		}
		return ErrJSON
	}
}

// unquote returns the content of a string span; anything else gives nil. Some servers
// write "\/meta\/connect", so escapes have to be undone, but that is rare.
func unquote(span []byte) []byte {
	if len(span) < 2 || span[0] != '"' {
		return nil
	}
	for _, b := range span {
		if b == '\\' {
			var s string
			if json.Unmarshal(span, &s) != nil {
				return nil
			}
			return []byte(s)
		}
	}
	return span[1 : len(span)-1]
}

// integer reads a JSON integer span; a fraction or exponent, as re-serialising servers
// may write for large numbers, is rounded towards zero.
func integer(span []byte) (int64, bool) {
	i, negative := 0, false
	if len(span) > 0 && span[0] == '-' {
		i, negative = 1, true
	}
	var n int64
	for ; i < len(span); i++ {
		if span[i] < '0' || span[i] > '9' || n > (1<<63-10)/10 {
			return float(span)
		}
		n = n*10 + int64(span[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, len(span) > 0
}

func float(span []byte) (int64, bool) {
	var f float64
	if json.Unmarshal(span, &f) != nil || f > 1<<62 || f < -1<<62 {
		return 0, false
	}
	return int64(f), true
}

// member is the value of a key of an object, nil without one.
func member(span []byte, name string) (found []byte) {
	c := cursor{buf: span}
	_ = c.members(0, func(key, value []byte) { // malformed is without it
		if string(key) == name {
			found = value
		}
	})
	return found
}
