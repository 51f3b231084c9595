package bayeux

import (
	"bytes"
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

var plain = regexp.MustCompile(`^[0-9a-z]{45}$`)

// A clientId names its session's address and secret; no other text does, the last
// character included, which has bits to spare.
func TestClientID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Address{Node: rapid.Uint16().Draw(t, "node"), Loop: rapid.Uint16().Draw(t, "loop"),
			Slot: rapid.Uint32().Draw(t, "slot"), Gen: rapid.Uint32().Draw(t, "gen")}
		var secret [secretSize]byte
		copy(secret[:], rapid.SliceOfN(rapid.Byte(), secretSize, secretSize).Draw(t, "secret"))
		id := appendClientID(nil, a, &secret)
		if !plain.Match(id) || len(id) != ClientIDLen {
			t.Fatalf("clientId %q", id)
		}
		if b, s, ok := decodeClientID(id); b != a || s != secret || !ok {
			t.Fatalf("%q is %v %x %v", id, b, s, ok)
		}
		other := bytes.Clone(id)
		other[rapid.IntRange(0, len(id)-1).Draw(t, "place")] = rapid.SampledFrom([]byte("AZafhloqtuvz013579_-+/=\n\r %\x00")).Draw(t, "byte")
		if b, s, ok := decodeClientID(other); ok && b == a && s == secret && !bytes.Equal(other, id) {
			t.Fatalf("%q names the session of %q", other, id)
		}
		for _, last := range []byte("0123456789abcdefghijklmnopqrstuv") {
			other := append(bytes.Clone(id[:len(id)-1]), last)
			if b, s, ok := decodeClientID(other); ok && b == a && s == secret && last != id[len(id)-1] {
				t.Fatalf("%q names the session of %q", other, id)
			}
		}
		for _, n := range []int{0, 16, 37} {
			if _, ok := ParseClientID(id[:n]); ok {
				t.Fatalf("%q is accepted", id[:n])
			}
		}
	})
}

// BenchmarkClientID reads a clientId, as each message of a session has it read twice: for its loop, and for its session.
func BenchmarkClientID(b *testing.B) {
	id := appendClientID(nil, Address{Node: 1, Loop: 2, Slot: 3, Gen: 4}, &[secretSize]byte{1, 2, 3, 0xff, 5, 6, 7, 8, 9, 0xaa})
	for b.Loop() {
		if _, _, ok := decodeClientID(id); !ok {
			b.Fatal("it is none")
		}
	}
}
