package websocket

import (
	"fmt"
	"strings"
	"testing"
)

// echo is a server that sends every message back, in one frame, as conformance suites want it. It
// returns what it answers to a client that sends in, and says nothing after a close frame.
func echo(l Limits, in string) (out []byte) {
	var a Assembler
	for src := []byte(in); len(src) > 0; {
		m, n, err := a.Next(&l, src)
		if err != nil {
			return AppendClose(out, err.(Error).Kind.Code(), "")
		}
		src = src[n:]
		switch m.Opcode {
		case OpText, OpBinary:
			out = AppendFrame(out, m.Opcode, m.Payload)
		case OpPing:
			out = AppendFrame(out, OpPong, m.Payload)
		case OpClose:
			out = AppendClose(out, m.Code, "")
		}
	}
	return out
}

// answer puts a server's frames into words.
func answer(frames []byte) string {
	var words []string
	for len(frames) > 0 {
		op, short, at := Opcode(frames[0]&bitsOpcode), int(frames[1]), 2
		switch short {
		case length16:
			short, at = int(frames[2])<<8|int(frames[3]), 4
		case length64:
			short, at = int(frames[7])<<16|int(frames[8])<<8|int(frames[9]), 10
		}
		m := Message{Opcode: op, Payload: frames[at : at+short]}
		if op == OpClose {
			m.Code, m.Payload, _ = parseClose(m.Payload)
		}
		words = append(words, describe(m))
		frames = frames[at+short:]
	}
	return strings.Join(words, " | ")
}

// conformance is a case in the manner of the Autobahn test suite: what is sent, and the one answer
// that is right.
type conformance struct{ name, in, want string }

func runConformance(t *testing.T, cases []conformance) {
	t.Helper()
	for _, c := range cases {
		if got := answer(echo(Limits{MaxMessage: 1 << 24, MaxFragments: 1 << 16, Binary: true}, c.in)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

const (
	protocolError = `close 1002 ""`
	notText       = `close 1007 ""`
	normal        = `close 1000 ""`
)

// TestConformanceFraming: payloads of every kind of length.
func TestConformanceFraming(t *testing.T) {
	var cases []conformance
	for _, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
		want := fmt.Sprintf("%d bytes", n)
		if n == 0 {
			want = `""`
		}
		cases = append(cases,
			conformance{fmt.Sprint("text of ", n), whole(OpText, strings.Repeat("*", n)), "text " + want},
			conformance{fmt.Sprint("binary of ", n), whole(OpBinary, strings.Repeat("\xfe", n)), "binary " + want})
	}
	runConformance(t, cases)
}

// TestConformancePings: payloads, order, unsolicited pongs.
func TestConformancePings(t *testing.T) {
	long := strings.Repeat("\xfe", 126)
	runConformance(t, []conformance{
		{"without payload", whole(OpPing, ""), `pong ""`},
		{"with text", whole(OpPing, "Hello"), `pong "Hello"`},
		{"with bytes", whole(OpPing, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), `pong "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"`},
		{"of 125", whole(OpPing, long[:125]), "pong 125 bytes"},
		{"of 126", whole(OpPing, long), protocolError},
		{"unsolicited pong", whole(OpPong, ""), ""},
		{"unsolicited pong with payload", whole(OpPong, "x"), ""},
		{"pong then ping", whole(OpPong, "x") + whole(OpPing, "y"), `pong "y"`},
		{"ten pings", strings.Repeat(whole(OpPing, "p"), 10), strings.TrimSuffix(strings.Repeat(`pong "p" | `, 10), " | ")},
	})
}

// TestConformanceReserved: reserved bits and opcodes, before and after good messages.
func TestConformanceReserved(t *testing.T) {
	var cases []conformance
	for bits := byte(1); bits < 8; bits++ {
		for _, op := range []Opcode{OpText, OpBinary, OpPing, OpPong, OpClose, OpContinuation} {
			cases = append(cases, conformance{
				fmt.Sprintf("bits %d of opcode %d", bits, op),
				whole(OpText, "a") + send(bitFin|bits<<4|byte(op), "") + whole(OpPing, ""),
				`text "a" | ` + protocolError,
			})
		}
	}
	for _, op := range []Opcode{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		for _, payload := range []string{"", "reserved"} {
			cases = append(cases, conformance{
				fmt.Sprintf("opcode %d %q", op, payload),
				whole(OpText, "a") + whole(op, payload) + whole(OpPing, ""),
				`text "a" | ` + protocolError,
			})
		}
	}
	runConformance(t, cases)
}

// TestConformanceFragments: the order of fragments and what may be between them.
func TestConformanceFragments(t *testing.T) {
	one, two := part(OpText, "fragment1"), whole(OpContinuation, "fragment2")
	const both = `text "fragment1fragment2"`
	runConformance(t, []conformance{
		{"ping in fragments", part(OpPing, "fragment1") + two, protocolError},
		{"pong in fragments", part(OpPong, "fragment1") + two, protocolError},
		{"two", one + two, both},
		{"ping between", one + whole(OpPing, "ping") + two, `pong "ping" | ` + both},
		{"continuation of nothing", whole(OpContinuation, "x") + whole(OpText, "y"), protocolError},
		{"unfinished continuation of nothing", part(OpContinuation, "x") + whole(OpText, "y"), protocolError},
		{"continuation of a finished message", one + two + whole(OpContinuation, "x"), both + " | " + protocolError},
		{"text inside", one + whole(OpText, "fragment2"), protocolError},
		{"binary inside", one + whole(OpBinary, "x") + two, protocolError},
		{"five with pings", one + part(OpContinuation, "2") + whole(OpPing, "a") + part(OpContinuation, "3") +
			part(OpContinuation, "4") + whole(OpPing, "b") + whole(OpContinuation, "5"), `pong "a" | pong "b" | text "fragment12345"`},
		{"five, then text", strings.Repeat(one+two, 2) + whole(OpText, "x"), both + " | " + both + ` | text "x"`},
		{"all empty", part(OpText, "") + part(OpContinuation, "") + whole(OpContinuation, ""), `text ""`},
		{"one not empty", part(OpText, "") + part(OpContinuation, "m") + whole(OpContinuation, ""), `text "m"`},
	})
}

// TestConformanceText: UTF-8, whole and across fragments that cut characters.
func TestConformanceText(t *testing.T) {
	var cases []conformance
	for _, s := range []string{
		"Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "\x00", "\u0080", "\u0800", "\U00010000", "\u007f", "\u07ff", "\uffff", "\U0010ffff",
		"\ud7ff", "\ue000", "\ufffd", "\ufffe", "\ufeff", "\U0001fffe", "\U000fffff", "\u2028\u2029",
	} {
		cases = append(cases, inPieces(s, fmt.Sprintf("text %q", s))...)
	}
	for _, s := range []string{
		"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", "\xce\xba\xf4\x90\x80\x80edited",
		"\x80", "\xbf", "\x80\xbf\x80", "\xc0 \xc1 ", "\xe0 ", "\xf0 ", "\xf8 ", "\xfc ", "\xc0", "\xe0\x80", "\xf0\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfe", "\xff", "\xfe\xfe\xff\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
		"\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc0\x80",
		"\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xa0\x80\xed\xb0\x80", "\xf8\x88\x80\x80\x80",
	} {
		cases = append(cases, inPieces(s, notText)...)
	}
	runConformance(t, cases)
}

// inPieces is a text in one frame, and in two frames cut at every place.
func inPieces(s, want string) []conformance {
	cases := []conformance{{fmt.Sprintf("%q", s), whole(OpText, s), want}}
	for cut := range len(s) + 1 {
		cases = append(cases, conformance{
			fmt.Sprintf("%q cut at %d", s, cut), part(OpText, s[:cut]) + whole(OpContinuation, s[cut:]), want,
		})
	}
	return cases
}

// TestConformanceClose: who says what last.
func TestConformanceClose(t *testing.T) {
	cases := []conformance{
		{"message before", whole(OpText, "Hello") + closing(1000, ""), `text "Hello" | ` + normal},
		{"twice", closing(1000, "") + closing(1000, ""), normal},
		{"ping after", closing(1000, "") + whole(OpPing, "x"), normal},
		{"text after", closing(1000, "") + whole(OpText, "x"), normal},
		{"rest of a message after", part(OpText, "x") + closing(1000, "") + whole(OpContinuation, "y"), normal},
		{"without payload", whole(OpClose, ""), `close 1005 ""`},
		{"one byte", whole(OpClose, "a"), protocolError},
		{"with reason", closing(1000, "Hello World!"), normal},
		{"longest reason", closing(1000, strings.Repeat("*", 123)), normal},
		{"too long", closing(1000, strings.Repeat("*", 124)), protocolError},
		{"reason not UTF-8", closing(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"), notText},
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, conformance{fmt.Sprint("code ", code), closing(code, ""), fmt.Sprintf(`close %d ""`, code)})
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, conformance{fmt.Sprint("code ", code), closing(code, "reason"), protocolError})
	}
	runConformance(t, cases)
}

// TestConformanceBig: large messages, in few and in many frames.
func TestConformanceBig(t *testing.T) {
	const size = 1 << 20
	var cases []conformance
	for _, fragment := range []int{64, 256, 4096, 65536, size} {
		var in strings.Builder
		in.WriteString(part(OpText, ""))
		for range size / fragment {
			in.WriteString(part(OpContinuation, strings.Repeat("*", fragment)))
		}
		in.WriteString(whole(OpContinuation, ""))
		cases = append(cases, conformance{fmt.Sprint("fragments of ", fragment), in.String(), fmt.Sprintf("text %d bytes", size)})
	}
	runConformance(t, cases)
}
