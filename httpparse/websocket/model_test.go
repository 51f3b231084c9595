package websocket

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// model reads a client's frames as simply as it can be done, by the headers and the checks of another
// implementation, and returns what feed does, with close codes for errors.
func model(l Limits, in string) string {
	var (
		outcomes []string
		message  []byte
		opcode   ws.OpCode
		frames   int
		source   = bytes.NewReader([]byte(in))
	)
	end := func(words ...string) string { return strings.Join(append(outcomes, words...), " | ") }
	for {
		if source.Len() == 0 {
			break
		}
		h, all := modelHeader(source)
		state := ws.StateServerSide
		if opcode != 0 && all {
			state |= ws.StateFragmented
		}
		switch {
		case !all && h.OpCode == ws.OpContinuation:
			return end("partial") // whether it continues something is asked when it is complete
		case ws.CheckHeader(h, state) != nil || !h.Masked:
			return end("1002")
		case !all:
			return end("partial")
		}
		data := !h.OpCode.IsControl()
		if data {
			if frames++; frames > l.MaxFragments || h.Length > int64(l.MaxMessage-len(message)) {
				return end("1009")
			}
		}
		payload := make([]byte, min(h.Length, int64(source.Len())))
		_, _ = source.Read(payload)
		ws.Cipher(payload, h.Mask, 0)
		partial := int64(len(payload)) < h.Length
		switch {
		case !data && partial:
			return end("partial")
		case !data:
			m, code := modelControl(h.OpCode, payload)
			if code != "" {
				return end(code)
			}
			if outcomes = append(outcomes, describe(m)); h.OpCode == ws.OpClose {
				return end()
			}
			continue
		}
		if h.OpCode != ws.OpContinuation {
			opcode = h.OpCode
		}
		message = append(message, payload...)
		last := h.Fin && !partial
		if opcode == ws.OpText && (!possible(string(message)) || last && !utf8.Valid(message)) {
			return end("1007")
		}
		if partial {
			return end("partial")
		}
		if last {
			outcomes = append(outcomes, describe(Message{Opcode: Opcode(opcode), Payload: message}))
			message, opcode, frames = nil, 0, 0
		}
	}
	if opcode != 0 {
		return end("partial")
	}
	return end()
}

// modelHeader reads a header, or what there is of it as if the rest were zeros.
func modelHeader(source *bytes.Reader) (h ws.Header, all bool) {
	before := source.Len()
	h, err := ws.ReadHeader(source)
	if err == nil {
		return h, true
	}
	_, _ = source.Seek(-int64(before-source.Len()), io.SeekCurrent)
	start, _ := io.ReadAll(source)
	h, _ = ws.ReadHeader(bytes.NewReader(append(start, make([]byte, MaxHeader)...)))
	h.Masked = true
	return h, false
}

// modelControl is the control frame, or the close code that it earns.
func modelControl(op ws.OpCode, payload []byte) (m Message, code string) {
	m = Message{Opcode: Opcode(op), Payload: payload}
	if op != ws.OpClose {
		return m, ""
	}
	status, reason := ws.ParseCloseFrameData(payload)
	switch {
	case len(payload) == 0:
		m.Code, m.Payload = CodeNoStatus, nil
		return m, ""
	case len(payload) == 1 || !Code(status).Sendable():
		return m, "1002"
	case !utf8.ValidString(reason):
		return m, "1007"
	}
	m.Code, m.Payload = Code(status), []byte(reason)
	return m, ""
}

// coded is an outcome of feed with close codes for the names of errors.
func coded(outcome string) string {
	at := strings.LastIndex(outcome, " | ")
	head, last := "", outcome
	if at >= 0 {
		head, last = outcome[:at+3], outcome[at+3:]
	}
	for k := Kind(1); k < KindCount; k++ {
		if last == k.String() {
			return head + map[Code]string{1002: "1002", 1003: "1003", 1007: "1007", 1009: "1009"}[k.Code()]
		}
	}
	return outcome
}

// script makes frames of bytes: two each, for the first byte of the frame and the payload. Most frames
// are good by themselves, so that what is wrong is seldom wrong at once.
func script(choices []byte) string {
	payloads := []string{
		"", "a", "Grüße", "\xc3", "\xbc", "\xf0\x9f", "\x98\x80", "\xff", "\x03\xe8bye", "\x03\xed", "\x03\xe8\xff",
		strings.Repeat("x", 125), strings.Repeat("y", 126), strings.Repeat("z", 300),
	}
	var out strings.Builder
	for ; len(choices) >= 2; choices = choices[2:] {
		first := choices[0]
		if first&7 != 7 { // seven of eight without reserved bits, and with a defined opcode
			first = first&bitFin | []byte{0, 0, 1, 2, 8, 9, 10}[first&7]
		}
		out.WriteString(send(first, payloads[int(choices[1])%len(payloads)]))
	}
	return out.String()
}

var modelLimits = Limits{MaxMessage: 500, MaxFragments: 5, Binary: true}

// compare demands that the Assembler, however its input is cut, comes to what the model does.
func compare(t *testing.T, in string, cuts ...int) {
	t.Helper()
	want := model(modelLimits, in)
	var parts []string
	rest := in
	for _, n := range cuts {
		n = min(n, len(rest))
		parts, rest = append(parts, rest[:n]), rest[n:]
	}
	if got := coded(feed(modelLimits, append(parts, rest)...)); got != want {
		t.Fatalf("cut by %v\n got %s\nwant %s\n in %q", cuts, got, want, in)
	}
}

func TestModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		choices := make([]byte, 2*random.IntN(8))
		for i := range choices {
			choices[i] = byte(random.Uint32())
		}
		in := script(choices)
		in = in[:len(in)-random.IntN(1+len(in)/4)] // often the end is missing
		compare(t, in, random.IntN(40), random.IntN(40), random.IntN(40))
	}
}

func FuzzAssembler(f *testing.F) {
	f.Add([]byte("\x01\x01\x05\x02\x80\x03"), uint16(3), uint16(9))
	f.Add([]byte("\x02\x03\x85\x02\x81\x04\x84\x08"), uint16(1), uint16(1))
	f.Fuzz(func(t *testing.T, choices []byte, i, j uint16) {
		compare(t, script(choices[:min(len(choices), 64)]), int(i), int(j)) // the invariant: the model's outcome
	})
}

// FuzzBytes has no model, as no other reader is as strict: a cut must not change the outcome.
func FuzzBytes(f *testing.F) {
	f.Add(whole(OpText, "Hello")+whole(OpPing, "x")+closing(1000, "bye"), uint(7), true)
	f.Add(part(OpText, "\xf4")+whole(OpContinuation, "\x8f\xbf\xbf"), uint(9), false)
	f.Add("\xc1\xfe\x00\x7d", uint(3), true)
	f.Fuzz(func(t *testing.T, in string, cut uint, rsv1 bool) {
		l := Limits{MaxMessage: 1000, MaxFragments: 4, RSV1: rsv1}
		cut = min(cut, uint(len(in)))
		want := feed(l, in)
		if got := feed(l, in[:cut], in[cut:]); got != want {
			t.Fatalf("cut at %d of %q: got %s, want %s", cut, in, got, want)
		}
		if got := feed(l, strings.Split(in, "")...); got != want {
			t.Fatalf("byte by byte of %q: got %s, want %s", in, got, want)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("\x81\x85mask"))
	f.Add([]byte("\x82\xfe\x00\x7emask"))
	f.Add([]byte("\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00mask"))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, n, kind := parseHeader(in, true)
		if n == 0 || kind != 0 {
			return
		}
		other, otherErr := ws.ReadHeader(bytes.NewReader(in))
		same := Header{other.Fin, other.Rsv1(), Opcode(other.OpCode), other.Length, other.Mask}
		again := AppendHeader(nil, h)
		again[1] |= bitMask
		// The invariant: what is accepted is what others read, and what we would write ourselves.
		if otherErr != nil || h != same || !bytes.Equal(append(again, h.Mask[:]...), in[:n]) {
			t.Fatalf("%x: %+v, but %+v, %v", in, h, same, otherErr)
		}
	})
}
