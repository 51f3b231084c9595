package loop

// Proved by TestPackAndInflate and TestCompressedFaults.

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"
)

// inflater inflates the messages of a loop's websockets (RFC 7692), each on its own.
type inflater struct {
	reader io.ReadCloser
	in     []byte
	source bytes.Reader
	text   []byte
}

// ending is an empty last block.
const ending = "\x01\x00\x00\xff\xff"

// inflate gives a message's text, valid until the next call. Of one that would
// have more than limit bytes it gives limit + 1.
func (d *inflater) inflate(packed []byte, limit int) ([]byte, error) {
	d.in = append(append(append(d.in[:0], packed...), flushed...), ending...)
	d.source.Reset(d.in)
	if d.reader == nil {
		d.reader = flate.NewReader(&d.source)
	} else if err := d.reader.(flate.Resetter).Reset(&d.source, nil); err != nil {
		return nil, err
	}
	d.text = d.text[:0]
	for len(d.text) <= limit {
		if len(d.text) == cap(d.text) {
			d.text = append(d.text, 0)[:len(d.text)]
		}
		n, err := d.reader.Read(d.text[len(d.text):min(cap(d.text), limit+1)])
		d.text = d.text[:len(d.text)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return d.text, nil
}
