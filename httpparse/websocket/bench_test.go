package websocket

import (
	"strings"
	"testing"
)

// BenchmarkNext reads a poll and a batch of the sizes that clients send, ASCII but for a few letters,
// in one frame; and the batch in three.
func BenchmarkNext(b *testing.B) {
	poll, batch := strings.Repeat("x", 135), strings.Repeat("x", 500)+"Grüße aus Ulm"
	for _, in := range []struct{ name, frames string }{
		{"poll", whole(OpText, poll)},
		{"batch", whole(OpText, batch)},
		{"fragments", part(OpText, batch[:200]) + part(OpContinuation, batch[200:400]) + whole(OpContinuation, batch[400:])},
		{"ping", whole(OpPing, "")},
	} {
		b.Run(in.name, func(b *testing.B) {
			var a Assembler
			buf := make([]byte, len(in.frames))
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, in.frames)
				if m, _, err := a.Next(&testLimits, buf); err != nil || m.Opcode == OpContinuation {
					b.Fatal(m, err)
				}
			}
		})
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	q, dst := good(), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if r := q.Check(); r != 0 {
			b.Fatal(r)
		}
		dst = AppendResponse(dst[:0], q.Key, nil)
	}
}
