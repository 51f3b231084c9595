package loop

import (
	"bytes"

	"github.com/klauspost/compress/flate"

	"halley/httpparse/websocket"
)

// packer compresses the messages of a loop's websockets (RFC 7692), each on its own. What
// it compressed last is kept: a publish goes to many.
type packer struct {
	plain  []byte // the message compressed last
	packed bytes.Buffer
}

// maxPlain is the longest message that is kept with its compressed form.
const maxPlain = 256 << 10

// flushed is the end of a flushed block, which is not sent (RFC 7692, 7.2.1 MUST deflate-tail).
const flushed = "\x00\x00\xff\xff"

// pack compresses a message. The result, valid until the next call, is nil if it
// would not be shorter.
func (p *packer) pack(plain []byte) []byte {
	if len(p.plain) == 0 || !bytes.Equal(plain, p.plain) {
		p.plain = p.plain[:0]
		if p.packed.Reset(); p.packed.Cap() > maxPlain {
			p.packed = bytes.Buffer{}
		}
		if flate.StatelessDeflate(&p.packed, plain, false, nil) != nil {
			return nil
		}
		if len(plain) <= maxPlain {
			p.plain = append(p.plain, plain...)
		}
	}
	packed := p.packed.Bytes()
	if packed = packed[:len(packed)-len(flushed)]; len(packed) < len(plain) {
		return packed
	}
	return nil
}

// appendPacked appends frames, those whose payload is longer than above compressed.
func (p *packer) appendPacked(dst, frames []byte, above int) []byte {
	for len(frames) > 0 {
		var head, plain, packed []byte
		head, plain, frames = websocket.SplitFrame(frames)
		if len(plain) > above {
			packed = p.pack(plain)
		}
		if packed == nil {
			dst = append(append(dst, head...), plain...)
			continue
		}
		dst = websocket.AppendHeader(dst, websocket.Header{Fin: true, RSV1: true, Opcode: websocket.OpText, Length: int64(len(packed))})
		dst = append(dst, packed...)
	}
	return dst
}
