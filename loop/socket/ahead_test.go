package socket

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Input that came before, and what comes now, are one: seen, counted and dropped in order, in whatever pieces.
func TestAheadAgainstPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, twin := plainRig(), plainRig()
		fill := byte(0)
		come := func(n int) []byte {
			p := make([]byte, n)
			for i := range p {
				p[i] = fill
				fill++
			}
			twin.Write(p)
			return p
		}
		r.socket = &Ahead{r.socket.(*Plain), come(rapid.IntRange(1, 100).Draw(t, "before"))}
		t.Repeat(map[string]func(*rapid.T){
			"comes":    func(t *rapid.T) { r.Write(come(rapid.IntRange(1, 100).Draw(t, "n"))) },
			"drop all": func(*rapid.T) { r.socket.Discard(-1); twin.socket.Discard(-1) },
			"drop": func(t *rapid.T) {
				n := rapid.IntRange(0, twin.socket.Buffered()).Draw(t, "drop")
				r.socket.Discard(n)
				twin.socket.Discard(n)
			},
			"": func(t *rapid.T) {
				n := twin.socket.Buffered()
				if got := r.socket.Buffered(); got != n {
					t.Fatalf("%d bytes wait, want %d", got, n)
				}
				some := rapid.IntRange(0, n).Draw(t, "peek")
				if n > 0 && (!bytes.Equal(r.socket.Peek(-1), twin.socket.Peek(-1)) || some > 0 && !bytes.Equal(r.socket.Peek(some), twin.socket.Peek(some))) {
					t.Fatal("other bytes are seen")
				}
				if r.socket.Peek(n+1) != nil {
					t.Fatal("more is seen than has come")
				}
				if r.socket.Held() < n {
					t.Fatalf("%d bytes are held, of %d", r.socket.Held(), n)
				}
			},
		})
	})
}
