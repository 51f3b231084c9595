package websocket

import (
	"fmt"
	"testing"
)

// TestParseHeader gives each header whole and in every shorter piece: those of a good one are partial,
// those of a bad one are so up to the byte that shows the fault, and bad from there on.
func TestParseHeader(t *testing.T) {
	const mask = "mask"
	for _, r := range []struct {
		name, in, want string
		known          int // how many bytes it takes to know
	}{
		{"text", "\x81\x85" + mask, "fin 1 5", 6},
		{"fragment", "\x01\x80" + mask, "1 0", 6},
		{"continuation", "\x80\xfd" + mask, "fin 0 125", 6},
		{"longest short", "\x82\xfd" + mask, "fin 2 125", 6},
		{"shortest of 16 bits", "\x82\xfe\x00\x7e" + mask, "fin 2 126", 8},
		{"longest of 16 bits", "\x82\xfe\xff\xff" + mask, "fin 2 65535", 8},
		{"shortest of 64 bits", "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00" + mask, "fin 2 65536", 14},
		{"longest of all", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + mask, "fin 2 9223372036854775807", 14},
		{"close", "\x88\x82" + mask, "fin 8 2", 6},
		{"ping", "\x89\xfd" + mask, "fin 9 125", 6},
		{"pong", "\x8a\x80" + mask, "fin 10 0", 6},

		{"RSV1", "\xc1\x80" + mask, "reserved bit", 1},
		{"RSV2", "\xa1\x80" + mask, "reserved bit", 1},
		{"RSV3", "\x91\x80" + mask, "reserved bit", 1},
		{"all reserved bits on a ping", "\xf9\x80" + mask, "reserved bit", 1},
		{"opcode 3", "\x83\x80" + mask, "opcode", 1},
		{"opcode 7", "\x87\x80" + mask, "opcode", 1},
		{"opcode 11", "\x8b\x80" + mask, "opcode", 1},
		{"opcode 15", "\x8f\x80" + mask, "opcode", 1},
		{"ping in fragments", "\x09\x80" + mask, "control frame", 1},
		{"close in fragments", "\x08\x80" + mask, "control frame", 1},
		{"unmasked", "\x81\x05", "unmasked frame", 2},
		{"long ping", "\x89\xfe\x00\x7e" + mask, "control frame", 2},
		{"very long pong", "\x8a\xff\x00\x00\x00\x00\x00\x01\x00\x00" + mask, "control frame", 2},
		{"125 in 16 bits", "\x81\xfe\x00\x7d" + mask, "length", 4},
		{"0 in 16 bits", "\x81\xfe\x00\x00" + mask, "length", 4},
		{"65535 in 64 bits", "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff" + mask, "length", 10},
		{"0 in 64 bits", "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x00" + mask, "length", 10},
		{"top bit", "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00" + mask, "length", 3},
		{"all bits", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + mask, "length", 3},
	} {
		for n := range len(r.in) + 1 {
			want := r.want
			if n < r.known {
				want = "partial"
			}
			if got := header([]byte(r.in[:n]), false); got != want {
				t.Errorf("%s, %d bytes: got %s, want %s", r.name, n, got, want)
			}
		}
		if got := header([]byte(r.in+"\xff"), false); got != r.want {
			t.Errorf("%s, more than it: got %s, want %s", r.name, got, r.want)
		}
	}
}

func TestParseHeaderRSV1(t *testing.T) {
	for in, want := range map[string]string{
		"\xc1\x80mask": "fin compressed 1 0",
		"\x42\x80mask": "compressed 2 0",
		"\x81\x80mask": "fin 1 0",
		"\xc0\x80mask": "reserved bit",
		"\xc9\x80mask": "reserved bit",
		"\xe1\x80mask": "reserved bit",
		"\xd1\x80mask": "reserved bit",
	} {
		if got := header([]byte(in), true); got != want {
			t.Errorf("%x: got %s, want %s", in, got, want)
		}
	}
}

// header parses and puts what comes out into words.
func header(in []byte, rsv1 bool) string {
	h, n, kind := parseHeader(in, rsv1)
	if kind != 0 {
		if n != 0 {
			return fmt.Sprintf("error with length %d", n)
		}
		return kind.String()
	}
	if n == 0 {
		return "partial"
	}
	if string(h.Mask[:]) != "mask" || string(in[n-4:n]) != "mask" {
		return fmt.Sprintf("mask %q", h.Mask)
	}
	s := fmt.Sprintf("%d %d", h.Opcode, h.Length)
	if h.RSV1 {
		s = "compressed " + s
	}
	if h.Fin {
		s = "fin " + s
	}
	return s
}

func TestAppendHeader(t *testing.T) {
	for _, r := range []struct {
		h    Header
		want string
	}{
		{Header{Fin: true, Opcode: OpText}, "\x81\x00"},
		{Header{Fin: true, Opcode: OpText, Length: 125}, "\x81\x7d"},
		{Header{Fin: true, Opcode: OpBinary, Length: 126}, "\x82\x7e\x00\x7e"},
		{Header{Fin: true, Opcode: OpText, Length: 65535}, "\x81\x7e\xff\xff"},
		{Header{Fin: true, Opcode: OpText, Length: 65536}, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
		{Header{Opcode: OpText, RSV1: true, Length: 1}, "\x41\x01"},
		{Header{Opcode: OpContinuation}, "\x00\x00"},
		{Header{Fin: true, Opcode: OpPong, Length: 3, Mask: testMask}, "\x8a\x03"},
	} {
		if got := AppendHeader([]byte("before"), r.h); string(got) != "before"+r.want {
			t.Errorf("%+v: got %q, want %q", r.h, got, r.want)
		}
	}
}

func TestAppendFrame(t *testing.T) {
	if got := AppendFrame([]byte("before"), OpText, []byte("[]")); string(got) != "before\x81\x02[]" {
		t.Errorf("%q", got)
	}
}

// TestKinds shows that every fault has a name and one of the four codes.
func TestKinds(t *testing.T) {
	names := map[string]bool{}
	for k := Kind(1); k < KindCount; k++ {
		switch k.Code() {
		case CodeProtocol, CodeUnsupported, CodeInvalidData, CodeTooBig:
		default:
			t.Errorf("%v has code %d", k, k.Code())
		}
		if k.String() == "" || names[k.String()] || (Error{k}).Error() != "websocket: "+k.String() {
			t.Errorf("kind %d is called %q", k, k)
		}
		names[k.String()] = true
	}
}
