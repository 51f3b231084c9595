package loop

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"

	"halley/httpparse/websocket"
)

// deflater compresses and inflates the messages of a loop's websockets (RFC 7692),
// each on its own. What it compressed last is kept: a publish goes to many.
type deflater struct {
	plain  []byte // the message compressed last
	packed bytes.Buffer
	reader io.ReadCloser
	in     []byte
	source bytes.Reader
	text   []byte
}

// maxPlain is the longest message that is kept with its compressed form.
const maxPlain = 256 << 10

const (
	flushed = "\x00\x00\xff\xff"     // the end of a flushed block, which is not sent (RFC 7692, 7.2.1 MUST deflate-tail)
	ending  = "\x01\x00\x00\xff\xff" // an empty last block
)

// pack compresses a message. The result, valid until the next call, is nil if it
// would not be shorter.
func (d *deflater) pack(plain []byte) []byte {
	if len(d.plain) == 0 || !bytes.Equal(plain, d.plain) {
		d.plain = d.plain[:0]
		if d.packed.Reset(); d.packed.Cap() > maxPlain {
			d.packed = bytes.Buffer{}
		}
		if flate.StatelessDeflate(&d.packed, plain, false, nil) != nil {
			return nil
		}
		if len(plain) <= maxPlain {
			d.plain = append(d.plain, plain...)
		}
	}
	packed := d.packed.Bytes()
	if packed = packed[:len(packed)-len(flushed)]; len(packed) < len(plain) {
		return packed
	}
	return nil
}

// inflate gives a message's text, valid until the next call. Of one that would
// have more than limit bytes it gives limit + 1.
func (d *deflater) inflate(packed []byte, limit int) ([]byte, error) {
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

// shrink compresses those frames in r.out that are long enough, if the client has
// agreed to it.
func (r *reactor) shrink(c *conn) {
	above := r.server.cfg.WSCompressAbove
	if !c.stream.deflate || len(r.out) <= above {
		return
	}
	frames := r.out
	r.payload = r.payload[:0]
	for len(frames) > 0 {
		var head, plain, packed []byte
		head, plain, frames = websocket.SplitFrame(frames)
		if len(plain) > above {
			packed = r.deflater.pack(plain)
		}
		if packed == nil {
			r.payload = append(append(r.payload, head...), plain...)
			continue
		}
		r.payload = websocket.AppendHeader(r.payload, websocket.Header{Fin: true, RSV1: true, Opcode: websocket.OpText, Length: int64(len(packed))})
		r.payload = append(r.payload, packed...)
	}
	r.out, r.payload = r.payload, r.out
}

// inflatedUnit is how many bytes are inflated and scanned in the time of a unit of work:
// a short frame may hold a long message.
const inflatedUnit = 64

// inflated gives the text of a message that may be compressed; ok is false if the
// websocket was closed over it.
func (r *reactor) inflated(c *conn, m *websocket.Message) (text []byte, ok bool) {
	if !m.Compressed {
		return m.Payload, true
	}
	limit := r.server.cfg.MaxMessage
	text, err := r.deflater.inflate(m.Payload, limit)
	r.core.Spend(len(text) / inflatedUnit)
	switch {
	case err != nil:
		r.counters.FrameErrors++
		r.closeSocket(c, websocket.CodeInvalidData, "compressed data")
	case len(text) > limit:
		r.counters.FrameErrors++
		r.closeSocket(c, websocket.CodeTooBig, websocket.KindTooLong.String())
	default:
		return text, true
	}
	return nil, false
}
