package loop

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"halley/httpparse/websocket"
)

// Frames that are long enough are compressed where that makes them shorter, and others are left as they are; what comes out
// inflates to what went in. One that would inflate to more than the limit is known by its length.
func TestPackAndInflate(t *testing.T) {
	noise := make([]byte, 500)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	texts := []string{"short", strings.Repeat("long ", 100), string(noise), strings.Repeat("long ", 100)}
	var frames []byte
	for _, text := range texts {
		frames = websocket.AppendFrame(frames, websocket.OpText, []byte(text))
	}
	var p packer
	var d inflater
	packed := p.appendPacked([]byte("before"), frames, 100)
	rest, ok := bytes.CutPrefix(packed, []byte("before"))
	if !ok || len(packed) >= len(frames) {
		t.Fatalf("%d bytes of %d", len(packed), len(frames))
	}
	for i, text := range texts {
		var head, payload []byte
		head, payload, rest = websocket.SplitFrame(rest)
		compressed := head[0]&0x40 != 0
		if want := i%2 == 1; compressed != want {
			t.Errorf("frame %d: compressed %v", i, compressed)
		}
		got := payload
		if compressed {
			var err error
			if cut, err := d.inflate(payload, 10); len(cut) != 11 || err != nil {
				t.Errorf("%d bytes above a limit of 10: %v", len(cut), err)
			}
			if got, err = d.inflate(payload, 1<<20); err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != text {
			t.Errorf("frame %d is %.20q, want %.20q", i, got, text)
		}
	}
}
