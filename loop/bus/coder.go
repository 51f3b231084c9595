// Proved by TestRoundTrip and TestBrokenEncodings.

package bus

import "encoding/binary"

// coder appends values to out, or reads them from in: each of its methods goes both ways, so that one function for a
// structure is its encoding and its decoding. It changes what it codes only if it reads; once that has failed it reads zeros.
type coder struct {
	reading bool
	in      []byte // what is left to read
	out     []byte
	failed  bool
}

// take returns the next n bytes to read, nil if there are fewer.
func (c *coder) take(n int) []byte {
	if c.failed = c.failed || len(c.in) < n; c.failed {
		return nil
	}
	b := c.in[:n:n]
	c.in = c.in[n:]
	return b
}

func (c *coder) uint8(v *uint8) {
	if !c.reading {
		c.out = append(c.out, *v)
	} else if b := c.take(1); b != nil {
		*v = b[0]
	}
}

func (c *coder) uint16(v *uint16) {
	if !c.reading {
		c.out = binary.BigEndian.AppendUint16(c.out, *v)
	} else if b := c.take(2); b != nil {
		*v = binary.BigEndian.Uint16(b)
	}
}

func (c *coder) uint32(v *uint32) {
	if !c.reading {
		c.out = binary.BigEndian.AppendUint32(c.out, *v)
	} else if b := c.take(4); b != nil {
		*v = binary.BigEndian.Uint32(b)
	}
}

func (c *coder) uint64(v *uint64) {
	if !c.reading {
		c.out = binary.BigEndian.AppendUint64(c.out, *v)
	} else if b := c.take(8); b != nil {
		*v = binary.BigEndian.Uint64(b)
	}
}

// bool is a byte, 0 or 1.
func (c *coder) bool(v *bool) {
	var b uint8
	if *v {
		b = 1
	}
	if c.uint8(&b); c.reading {
		*v, c.failed = b == 1, c.failed || b > 1
	}
}

// length codes how many items follow, of at least so many bytes each.
func (c *coder) length(n, least int) int {
	v := uint32(n)
	c.uint32(&v)
	if c.reading && (c.failed || int64(v)*int64(least) > int64(len(c.in))) {
		c.failed = true
		return 0
	}
	return int(v)
}

// bytes read are part of what they are read from. None are nil.
func (c *coder) bytes(v *[]byte) {
	n := c.length(len(*v), 1)
	switch {
	case !c.reading:
		c.out = append(c.out, *v...)
	case n > 0:
		*v = c.take(n)
	}
}

// number codes an integer of 64 bits.
func number[T ~int64 | ~uint64](c *coder, v *T) {
	n := uint64(*v)
	if c.uint64(&n); c.reading {
		*v = T(n)
	}
}

// kind is one of some that are known.
type kind interface {
	~uint8
	Known() bool
}

// enum codes a kind.
func enum[T kind](c *coder, v *T) {
	n := uint8(*v)
	if c.uint8(&n); c.reading {
		*v, c.failed = T(n), c.failed || !T(n).Known()
	}
}

// text codes a string.
func text[T ~string](c *coder, v *T) {
	n := c.length(len(*v), 1)
	if !c.reading {
		c.out = append(c.out, *v...)
	} else {
		*v = T(c.take(n))
	}
}

// some codes whether there is a value, and makes it when there is one to read.
func some[T any](c *coder, v **T) bool {
	there := *v != nil
	c.bool(&there)
	if c.reading && there {
		*v = new(T)
	}
	return there
}

// items codes a list whose items have at least so many bytes. An empty one is nil.
func items[T any](c *coder, v *[]T, least int, item func(*T)) {
	n := c.length(len(*v), least)
	if c.reading && n > 0 {
		*v = make([]T, n)
	}
	for i := range *v {
		item(&(*v)[i])
	}
}
