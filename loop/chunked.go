package loop

// Proved by TestBodiesInEveryForm and TestByteByByte.

import (
	"bytes"

	"halley/httpparse"
)

// chunkedBody collects a body that comes in chunks. The head is copied, since
// the decoded input is given back to gnet as it comes.
type chunkedBody struct {
	head    []byte
	data    []byte
	decoder httpparse.Chunked
}

func newChunkedBody(head []byte, limit int) *chunkedBody {
	return &chunkedBody{head: bytes.Clone(head), decoder: httpparse.Chunked{MaxBody: int64(limit)}}
}

// decode takes what it can of buf and returns how many bytes that was.
func (b *chunkedBody) decode(buf []byte) (n int, done bool, err error) {
	b.data, n, done, err = b.decoder.Decode(b.data, buf)
	return n, done, err
}
