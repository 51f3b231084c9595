// Proved by TestBatchForm, TestLongMessages and FuzzBatch.

package link

import (
	"encoding/binary"
	"errors"

	"halley/loop/bus"
)

// A batch is a header and pieces. The header has the version of the messages, the number and incarnation of the sender, the
// incarnation of the receiver, the epoch of the two, the batch's own number in that, and up to which number the sender has got the
// receiver's. One without pieces is a probe: it has the number of the batch before it, and may ask for another one. A piece has its length before it in four
// bytes, of which the topmost bit tells that its message goes on with the first piece of the next batch. Integers are big-endian.

// header is what a batch begins with.
type header struct {
	version uint8
	from    uint16
	of, to  uint64 // incarnations of the sender and the receiver
	epoch   uint32
	number  uint64 // from 1 on
	got     uint64 // the last number
	asks    bool   // a batch of the receiver is to come, to tell what it has got
}

const (
	headerSize = 1 + 2 + 8 + 8 + 4 + 8 + 8 + 1
	lengthSize = 4
	goesOn     = 1 << 31
)

// errBatch means that some bytes are no batch.
var errBatch = errors.New("malformed batch")

// put writes the header into the first bytes of a batch.
func (h *header) put(b []byte) {
	b[0] = h.version
	binary.BigEndian.PutUint16(b[1:], h.from)
	binary.BigEndian.PutUint64(b[3:], h.of)
	binary.BigEndian.PutUint64(b[11:], h.to)
	binary.BigEndian.PutUint32(b[19:], h.epoch)
	binary.BigEndian.PutUint64(b[23:], h.number)
	binary.BigEndian.PutUint64(b[31:], h.got)
	if b[39] = 0; h.asks {
		b[39] = 1
	}
}

// cut takes the header off a batch.
func cut(b []byte) (h header, pieces []byte, err error) {
	if len(b) < headerSize || b[39] > 1 {
		return h, nil, errBatch
	}
	h = header{b[0], binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint64(b[3:]), binary.BigEndian.Uint64(b[11:]),
		binary.BigEndian.Uint32(b[19:]), binary.BigEndian.Uint64(b[23:]), binary.BigEndian.Uint64(b[31:]), b[39] == 1}
	return h, b[headerSize:], nil
}

// assembler makes messages of pieces.
type assembler struct {
	begun []byte // of a message of which more is to come
}

// messages calls take with each message that is complete with the pieces of a batch.
func (a *assembler) messages(pieces []byte, take func(*bus.Message)) error {
	for len(pieces) > 0 {
		if len(pieces) < lengthSize {
			return errBatch
		}
		length := binary.BigEndian.Uint32(pieces)
		more, size := length&goesOn != 0, int(length&^goesOn)
		if pieces = pieces[lengthSize:]; size > len(pieces) || len(a.begun)+size > bus.MaxEncoded || more && size < len(pieces) {
			return errBatch
		}
		text := pieces[:size:size]
		pieces = pieces[size:]
		if more || len(a.begun) > 0 {
			if a.begun = append(a.begun, text...); more {
				break
			}
			text, a.begun = a.begun, nil
		}
		m, err := bus.ParseMessage(text)
		if err != nil {
			return err
		}
		take(&m)
	}
	return nil
}
