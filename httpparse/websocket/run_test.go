package websocket

import (
	"fmt"
	"strings"
	"testing"
)

// testMask is the mask of the clients in the tests.
var testMask = [4]byte{0x37, 0xFA, 0x21, 0x3D}

// send is a client's frame: its first byte as it is, the payload under testMask.
func send(first byte, payload string) string {
	short := AppendHeader(nil, Header{Length: int64(len(payload))})
	short[0], short[1] = first, short[1]|bitMask
	body := []byte(payload)
	for i := range body {
		body[i] ^= testMask[i%4]
	}
	return string(short) + string(testMask[:]) + string(body)
}

// whole is a message in one frame, or a control frame; part is any fragment but the last.
func whole(op Opcode, payload string) string { return send(bitFin|byte(op), payload) }
func part(op Opcode, payload string) string  { return send(byte(op), payload) }

// closing is a close frame.
func closing(code int, reason string) string {
	return whole(OpClose, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// testLimits are those of the tests that set none of their own.
var testLimits = Limits{MaxMessage: 1 << 17, MaxFragments: 8, Binary: true}

// row is one case of a table: what the client sends, and what the Assembler must make of it, as feed
// puts it.
type row struct {
	name, in, want string
}

// runRows sends every row in three ways: whole, in two parts cut at every place, and byte by byte. The
// outcome must be the same.
func runRows(t *testing.T, l Limits, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := feed(l, r.in); got != r.want {
				t.Fatalf("whole\n got %s\nwant %s\n in %q", got, r.want, r.in)
			}
			for cut := 1; cut < len(r.in); cut++ {
				if got := feed(l, r.in[:cut], r.in[cut:]); got != r.want {
					t.Fatalf("cut at %d\n got %s\nwant %s\n in %q", cut, got, r.want, r.in)
				}
			}
			if got := feed(l, strings.Split(r.in, "")...); got != r.want {
				t.Fatalf("byte by byte\n got %s\nwant %s\n in %q", got, r.want, r.in)
			}
		})
	}
}

// feed gives an Assembler the parts, each in a buffer of its own that is spoilt afterwards, and returns
// what comes out joined by " | ". "partial" is added if something is left over.
func feed(l Limits, parts ...string) string {
	var (
		a        Assembler
		outcomes []string
	)
	for _, part := range parts {
		in := []byte(part)
		for first := true; first || len(in) > 0; first = false {
			m, n, err := a.Next(&l, in)
			if err != nil {
				return strings.Join(append(outcomes, err.(Error).Kind.String()), " | ")
			}
			if m.Opcode != OpContinuation {
				outcomes = append(outcomes, describe(m))
			}
			clear(in[:n])
			in = in[n:]
		}
	}
	if a.state != closed && (a.state != inHeader || len(a.buf) > 0 || a.message != OpContinuation) {
		outcomes = append(outcomes, "partial")
	}
	return strings.Join(outcomes, " | ")
}

var opcodeNames = [...]string{OpText: "text", OpBinary: "binary", OpClose: "close", OpPing: "ping", OpPong: "pong"}

// describe puts a message into words; long payloads by their length.
func describe(m Message) string {
	var s strings.Builder
	s.WriteString(opcodeNames[m.Opcode])
	if m.Opcode == OpClose {
		fmt.Fprintf(&s, " %d", m.Code)
	}
	if m.Compressed {
		s.WriteString(" compressed")
	}
	if len(m.Payload) > 100 {
		fmt.Fprintf(&s, " %d bytes", len(m.Payload))
	} else {
		fmt.Fprintf(&s, " %q", m.Payload)
	}
	return s.String()
}
