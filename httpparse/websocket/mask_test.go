package websocket

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gobwas/ws"
)

// unmaskSlowly is RFC 6455, 5.3, to the letter.
func unmaskSlowly(p []byte, mask [4]byte, offset int) {
	for i := range p {
		p[i] ^= mask[(offset+i)%4]
	}
}

// TestUnmask tries all lengths over several rounds of each loop, at every offset of the mask and every
// alignment of the buffer, and that the neighbours stay as they are.
func TestUnmask(t *testing.T) {
	text := bytes.Repeat([]byte("All lengths and offsets. "), 8)
	for n := range 140 {
		for offset := range 8 {
			for align := range 8 {
				got, want := bytes.Clone(text), bytes.Clone(text)
				Unmask(got[align:align+n], testMask, offset)
				unmaskSlowly(want[align:align+n], testMask, offset)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes at %d, offset %d:\n got %x\nwant %x", n, align, offset, got, want)
				}
			}
		}
	}
}

func FuzzUnmask(f *testing.F) {
	f.Add([]byte("Hello"), uint32(0x37fa213d), 3)
	f.Add(bytes.Repeat([]byte("0123456789"), 20), uint32(1), 1<<40)
	f.Fuzz(func(t *testing.T, p []byte, key uint32, offset int) {
		offset &= 1<<62 - 1
		mask := [4]byte{byte(key >> 24), byte(key >> 16), byte(key >> 8), byte(key)}
		got, want := bytes.Clone(p), bytes.Clone(p)
		Unmask(got, mask, offset)
		ws.Cipher(want, mask, offset)
		if !bytes.Equal(got, want) { // the invariant: another implementation comes to the same
			t.Fatalf("got %x\nwant %x", got, want)
		}
	})
}

func BenchmarkUnmask(b *testing.B) {
	for _, with := range []struct {
		name   string
		unmask func(p []byte, mask [4]byte, offset int)
	}{{"own", Unmask}, {"gobwas", ws.Cipher}, {"bytes", unmaskSlowly}} {
		for _, n := range []int{20, 135, 514, 4096, 65536} {
			b.Run(fmt.Sprintf("%s/%d", with.name, n), func(b *testing.B) {
				p := make([]byte, n)
				b.SetBytes(int64(n))
				for b.Loop() {
					with.unmask(p, testMask, 1)
				}
			})
		}
	}
}
