package websocket

import (
	"encoding/binary"
	"math/bits"
)

// Unmask takes the mask off p in place, or puts it on (RFC 6455, 5.3). offset is how many bytes of the
// payload came before p.
func Unmask(p []byte, mask [4]byte, offset int) {
	key := uint64(binary.LittleEndian.Uint32(mask[:]))
	key |= key << 32
	// A little-endian word meets the mask's bytes in their order; turned by offset bytes, it begins with
	// the one that is due.
	key = bits.RotateLeft64(key, -8*(offset%4))
	for len(p) >= 32 {
		q := p[:32]
		binary.LittleEndian.PutUint64(q, binary.LittleEndian.Uint64(q)^key)
		binary.LittleEndian.PutUint64(q[8:], binary.LittleEndian.Uint64(q[8:])^key)
		binary.LittleEndian.PutUint64(q[16:], binary.LittleEndian.Uint64(q[16:])^key)
		binary.LittleEndian.PutUint64(q[24:], binary.LittleEndian.Uint64(q[24:])^key)
		p = p[32:]
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^key)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(key >> (8 * i))
	}
}
