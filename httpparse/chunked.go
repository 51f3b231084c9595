package httpparse

// Limits of what surrounds the data of a chunked body. They are no options: nobody who talks to this
// server has a use for either, and there must be an end to both.
const (
	maxExtensions   = 4096 // bytes of all chunk extensions of a body
	maxTrailers     = 32   // trailer fields
	maxTrailerBytes = 8192
	maxSizeDigits   = 16
)

// Chunked decodes one chunked body (RFC 9112, 6.1 MUST chunked) that arrives in any pieces. The zero value
// with MaxBody set is ready; for the next body, set it anew.
type Chunked struct {
	// MaxBody is the most bytes that the body may decode to. A chunk that would go beyond it is refused
	// when its size has been read, before its data.
	MaxBody int64

	decoded    int64  // bytes of data, those of the chunk at hand included
	left       int64  // bytes that the chunk at hand still lacks
	size       uint64 // as far as its digits were read
	extensions uint16 // bytes
	trailer    uint16 // bytes
	trailers   uint8  // fields
	digits     uint8
	state      chunkState
}

// Decode appends to dst the data that src holds and returns it with the number of bytes of src that it
// read, and whether the body has ended there; what follows in src belongs to the next request. An
// error is always an Error with an offset into src. dst may be the start of the very array that src
// lies in, src[:0] for instance, as data never grows when it is decoded.
//
// Extensions and trailers are checked against their grammar and dropped (RFC 9112, 7.1.1 MUST extensions;
// RFC 9112, 7.1.2 MUST NOT trailers).
func (c *Chunked) Decode(dst, src []byte) (out []byte, n int, done bool, err error) {
	i := 0
	for i < len(src) && c.state != chunkDone {
		if c.state == chunkData {
			part := src[i:]
			if int64(len(part)) > c.left {
				part = part[:c.left]
			}
			dst = append(dst, part...)
			i += len(part)
			if c.left -= int64(len(part)); c.left == 0 {
				c.state = chunkDataEnd
			}
			continue
		}
		if kind := c.step(src[i]); kind != 0 {
			return dst, i, false, Error{kind, i}
		}
		i++
	}
	return dst, i, c.state == chunkDone, nil
}

// step takes one byte of the framing.
func (c *Chunked) step(b byte) Kind {
	next := chunkNext[c.state][chunkClasses[b]]
	if next == chunkRefused {
		return c.refusal(b)
	}
	previous := c.state
	c.state = next
	switch next {
	case chunkDigits:
		return c.addDigit(b)
	case chunkData:
		return c.beginData()
	case chunkSize:
		c.size, c.digits = 0, 0
	case chunkTrailerName, chunkTrailerValue, chunkTrailerLF, chunkTrailer:
		return c.addTrailer(previous)
	case chunkSizeLF, chunkEndLF, chunkDataLF, chunkDone:
	default:
		if c.extensions++; c.extensions > maxExtensions {
			return KindChunkExtension
		}
	}
	return 0
}

// addDigit takes one digit of a chunk size.
func (c *Chunked) addDigit(b byte) Kind {
	if c.digits++; c.digits > maxSizeDigits {
		return KindChunkSize
	}
	c.size = c.size<<4 | uint64(hexValue(b))
	return 0
}

// beginData follows the line of a chunk: by data, or, after the last chunk, by the trailer section.
func (c *Chunked) beginData() Kind {
	if c.size == 0 {
		c.state = chunkTrailer
		return 0
	}
	if c.size > uint64(c.MaxBody-c.decoded) {
		return KindBodyTooLarge
	}
	c.left = int64(c.size)
	c.decoded += c.left
	return 0
}

// addTrailer counts one byte of the trailer section, and a field where one begins.
func (c *Chunked) addTrailer(previous chunkState) Kind {
	c.trailer++
	if previous == chunkTrailer {
		c.trailers++
	}
	if c.trailer > maxTrailerBytes || c.trailers > maxTrailers {
		return KindTrailerTooLarge
	}
	return 0
}

// refusal names the fault of a byte that the state has no place for.
func (c *Chunked) refusal(b byte) Kind {
	switch c.state {
	case chunkSizeLF, chunkTrailerLF, chunkEndLF:
		return KindBareCR
	case chunkDataEnd, chunkDataLF:
		return KindChunkEnd
	}
	switch {
	case b == '\n':
		return KindBareLF
	case chunkClasses[b] == byteControl:
		return KindControl
	}
	switch c.state {
	case chunkSize, chunkDigits:
		return KindChunkSize
	case chunkTrailer:
		if isBlank(b) {
			return KindFold
		}
		return KindTrailer
	case chunkTrailerName, chunkTrailerValue:
		return KindTrailer
	}
	return KindChunkExtension
}
