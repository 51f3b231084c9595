package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func frameBytes(t *testing.T, f ws.Frame) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := ws.WriteFrame(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What another's code writes is read, at every size where the head changes, and no prefix is taken for it.
func TestParseFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 70000} {
		payload := []byte(strings.Repeat("x", size))
		raw := frameBytes(t, ws.NewTextFrame(payload))
		f, n, err := ParseFrame(append(raw, 0x81))
		if err != nil || n != len(raw) || f.Opcode != OpText || !f.Final || !bytes.Equal(f.Payload, payload) {
			t.Errorf("%d bytes: %v, %d of %d taken, %v", size, f.Opcode, n, len(raw), err)
		}
		for i := range min(len(raw), 200) {
			if _, n, err := ParseFrame(raw[:i]); n != 0 || err != nil {
				t.Errorf("%d bytes: a prefix of %d gave %d, %v", size, i, n, err)
			}
		}
	}
}

func TestParseFrameRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"masked": "\x81\x81\x01\x02\x03\x04x", "reserved bit": "\xc1\x00", "reserved opcode": "\x83\x00", "reserved control": "\x8b\x00",
		"long ping": "\x89\x7e\x00\x7e", "ping in fragments": "\x09\x00", "length in two bytes for one": "\x81\x7e\x00\x7d",
		"length in eight bytes for two": "\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "endless": "\x81\x7f\xff\x00\x00\x00\x00\x00\xff\xff",
	} {
		if _, n, err := ParseFrame([]byte(raw)); !errors.Is(err, ErrFrame) || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// What we write is read by another's code, which checks the mask.
func TestAppendFrame(t *testing.T) {
	for _, size := range []int{0, 1, 5, 125, 126, 65535, 65536} {
		payload := []byte(strings.Repeat("abc", size/3+1)[:size])
		in := bytes.NewReader(AppendFrame(nil, OpText, 0xa1b2c3d4, payload))
		head, err := ws.ReadHeader(in)
		if err != nil || !head.Masked || !head.Fin || head.OpCode != ws.OpText || head.Length != int64(in.Len()) {
			t.Fatalf("%d bytes: %+v %v", size, head, err)
		}
		got, _ := io.ReadAll(in)
		if ws.Cipher(got, head.Mask, 0); !bytes.Equal(got, payload) {
			t.Errorf("%d bytes come out as %.20q", size, got)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add([]byte("\x81\x02[]"))
	f.Add([]byte("\x81\x7e\x00\x7e"))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, n, err := ParseFrame(data)
		if n < 0 || n > len(data) || len(frame.Payload) > n || err != nil && n != 0 {
			t.Errorf("%d of %d bytes, payload %d, error %v", n, len(data), len(frame.Payload), err)
		}
	})
}
