package websocket

import (
	"strings"
	"testing"
	"unsafe"
)

func TestMessages(t *testing.T) {
	runRows(t, testLimits, []row{
		{"nothing", "", ""},
		{"text", whole(OpText, `[{"channel":"/meta/connect"}]`), `text "[{\"channel\":\"/meta/connect\"}]"`},
		{"empty text", whole(OpText, ""), `text ""`},
		{"binary", whole(OpBinary, "\xff\x00"), `binary "\xff\x00"`},
		{"two in one read", whole(OpText, "one") + whole(OpText, "two"), `text "one" | text "two"`},
		{"length in two bytes", whole(OpText, strings.Repeat("x", 126)), `text 126 bytes`},
		{"control frames", whole(OpPing, "a") + whole(OpPong, "") + whole(OpPing, ""), `ping "a" | pong "" | ping ""`},
		{"longest ping", whole(OpPing, strings.Repeat("x", 125)), "ping 125 bytes"},
		{"header only", send(0x81, "abc")[:6], "partial"},
		{"half a message", part(OpText, "abc"), "partial"},
		{"half a frame after a message", whole(OpText, "one") + whole(OpText, "two")[:7], `text "one" | partial`},
	})
}

func TestFragments(t *testing.T) {
	runRows(t, testLimits, []row{
		{"two", part(OpText, "Hel") + whole(OpContinuation, "lo"), `text "Hello"`},
		{"three", part(OpBinary, "a") + part(OpContinuation, "b") + whole(OpContinuation, "c"), `binary "abc"`},
		{"empty first", part(OpText, "") + whole(OpContinuation, "lo"), `text "lo"`},
		{"empty last", part(OpText, "Hel") + whole(OpContinuation, ""), `text "Hel"`},
		{"all empty", part(OpText, "") + part(OpContinuation, "") + whole(OpContinuation, ""), `text ""`},
		{"ping between", part(OpText, "Hel") + whole(OpPing, "x") + whole(OpContinuation, "lo"), `ping "x" | text "Hello"`},
		{"pings between", part(OpText, "1") + whole(OpPing, "x") + whole(OpPong, "") + part(OpContinuation, "2") +
			whole(OpPing, "yy") + whole(OpContinuation, "3"), `ping "x" | pong "" | ping "yy" | text "123"`},
		{"ping after an empty first", part(OpText, "") + whole(OpPing, "x") + whole(OpContinuation, "lo"), `ping "x" | text "lo"`},
		{"close between", part(OpText, "Hel") + closing(1000, "bye") + whole(OpContinuation, "lo"), `close 1000 "bye"`},
		{"continuation first", whole(OpContinuation, "lo"), "fragment out of order"},
		{"continuation after the end", whole(OpText, "a") + part(OpContinuation, "b"), `text "a" | fragment out of order`},
		{"message in a message", part(OpText, "a") + whole(OpText, "b"), "fragment out of order"},
		{"binary in text", part(OpText, "a") + part(OpBinary, "b"), "fragment out of order"},
	})
}

func TestLimits(t *testing.T) {
	l := Limits{MaxMessage: 10, MaxFragments: 3}
	runRows(t, l, []row{
		{"just fits", whole(OpText, "0123456789"), `text "0123456789"`},
		{"one more", whole(OpText, "0123456789a"), "message too long"},
		{"announced only", send(0x81, strings.Repeat("x", 1<<16))[:14], "message too long"},
		{"fragments just fit", part(OpText, "0123456") + whole(OpContinuation, "789"), `text "0123456789"`},
		{"fragments too long", part(OpText, "0123456") + whole(OpContinuation, "789a"), "message too long"},
		{"each message anew", whole(OpText, "0123456789") + whole(OpText, "0123456789"), `text "0123456789" | text "0123456789"`},
		{"a ping may be longer", whole(OpPing, "0123456789abc"), `ping "0123456789abc"`},
		{"three fragments", part(OpText, "a") + part(OpContinuation, "b") + whole(OpContinuation, "c"), `text "abc"`},
		{"three fragments twice", strings.Repeat(part(OpText, "a")+part(OpContinuation, "b")+whole(OpContinuation, "c"), 2),
			`text "abc" | text "abc"`},
		{"four fragments", part(OpText, "a") + part(OpContinuation, "b") + part(OpContinuation, "c") + whole(OpContinuation, ""),
			"too many fragments"},
		{"endless empty fragments", part(OpText, "") + strings.Repeat(part(OpContinuation, ""), 100), "too many fragments"},
		{"binary", whole(OpBinary, "a"), "binary message"},
	})
	runRows(t, Limits{}, []row{
		{"no limit is no message", whole(OpText, ""), "too many fragments"},
		{"control frames pass", whole(OpPing, "a") + closing(1001, ""), `ping "a" | close 1001 ""`},
	})
}

// TestCompressed shows the bit of permessage-deflate: on the first frame of a message only, and only
// where it was agreed. What is compressed is not checked as text.
func TestCompressed(t *testing.T) {
	l := testLimits
	l.RSV1 = true
	runRows(t, l, []row{
		{"text", send(0xC1, "\xf2\x48\xff"), `text compressed "\xf2H\xff"`},
		{"fragments", send(0x41, "\xf2") + whole(OpPing, "") + whole(OpContinuation, "\xff"), `ping "" | text compressed "\xf2\xff"`},
		{"the next one is not", send(0xC1, "\xff") + whole(OpText, "a"), `text compressed "\xff" | text "a"`},
		{"the next one is checked", send(0xC1, "\xff") + whole(OpText, "\xff"), `text compressed "\xff" | not UTF-8`},
		{"on a continuation", part(OpText, "a") + send(0xC0, "b"), "reserved bit"},
		{"on a ping", send(0xC9, "b"), "reserved bit"},
	})
	runRows(t, testLimits, []row{{"not agreed", send(0xC1, "a"), "reserved bit"}})
}

// TestTextFailsFast feeds text that goes wrong long before its end: the error must come with the first
// byte that cannot be, inside a frame whose rest never arrives.
func TestTextFailsFast(t *testing.T) {
	const before, after = "\xce\xba\xf4", "\x90\x80\x80edited" // U+110000 would follow
	for _, in := range []struct {
		all   string
		first int // the length up to the byte that cannot be
	}{
		{whole(OpText, before+after), 6 + len(before) + 1},
		{part(OpText, before) + part(OpContinuation, "") + whole(OpContinuation, after), 6 + len(before) + 6 + 6 + 1},
	} {
		if got := feed(testLimits, in.all[:in.first-1]); got != "partial" {
			t.Errorf("before it: %s", got)
		}
		if got := feed(testLimits, in.all[:in.first]); got != "not UTF-8" {
			t.Errorf("with it: %s", got)
		}
	}
}

// TestErrorStays shows that nothing is read after an error, and nothing counts after a close frame.
func TestErrorStays(t *testing.T) {
	var a Assembler
	for range 3 {
		m, n, err := a.Next(&testLimits, []byte(send(0xF1, "a")))
		if err != (Error{KindReserved}) || n != 0 || m.Opcode != 0 {
			t.Fatalf("%v, %d, %v", m, n, err)
		}
	}
	a = Assembler{}
	in := []byte(closing(1000, "") + whole(OpText, "late") + "garbage")
	if m, n, err := a.Next(&testLimits, in); err != nil || n != 8 || m.Code != CodeNormal {
		t.Fatalf("%v, %d, %v", m, n, err)
	}
	if m, n, err := a.Next(&testLimits, in[8:]); err != nil || n != len(in)-8 || m.Opcode != 0 {
		t.Fatalf("%v, %d, %v", m, n, err)
	}
}

// TestInPlace shows that what is whole in the input stays there, and that nothing is held afterwards.
func TestInPlace(t *testing.T) {
	var a Assembler
	in := []byte(whole(OpText, "Hello") + whole(OpPing, "ping"))
	m, n, err := a.Next(&testLimits, in)
	if err != nil || &m.Payload[0] != &in[6] || n != 11 {
		t.Fatalf("%v, %d, %v", m, n, err)
	}
	if cap(m.Payload) != len(m.Payload) {
		t.Error("an append to the payload would write over the next frame")
	}
	m, _, err = a.Next(&testLimits, in[n:])
	if err != nil || &m.Payload[0] != &in[17] || a.buf != nil {
		t.Fatalf("%v, %+v, %v", m, a, err)
	}
}

// TestPingInsideAMessage shows that a ping's payload, wherever it was, leaves the message alone.
func TestPingInsideAMessage(t *testing.T) {
	var a Assembler
	in := []byte(part(OpText, "Hel") + whole(OpPing, "x"))
	m, n, err := a.Next(&testLimits, in)
	if err != nil || m.Opcode != OpPing || &m.Payload[0] != &in[len(in)-1] || n != len(in) {
		t.Fatalf("%v, %d, %v", m, n, err)
	}
	if string(a.buf) != "Hel" {
		t.Fatalf("held %q", a.buf)
	}
}

// TestState keeps an idle connection's share small: without a buffer between messages, and 64 bytes.
func TestState(t *testing.T) {
	if size := unsafe.Sizeof(Assembler{}); size > 64 {
		t.Errorf("%d bytes", size)
	}
	var a Assembler
	for _, in := range []string{
		whole(OpText, "a"), part(OpText, "a") + whole(OpContinuation, "b"), whole(OpPing, "a"),
		part(OpText, "a") + whole(OpPing, "x") + whole(OpContinuation, "b"),
	} {
		for _, c := range []byte(in) {
			if _, _, err := a.Next(&testLimits, []byte{c}); err != nil {
				t.Fatal(err)
			}
		}
		if a.buf != nil {
			t.Errorf("%q leaves a buffer of %d bytes", in, cap(a.buf))
		}
	}
}

// TestBufferGrowsWithInput shows that a header alone, whatever it announces, buys no memory.
func TestBufferGrowsWithInput(t *testing.T) {
	var a Assembler
	l := Limits{MaxMessage: 1 << 30, MaxFragments: 1}
	header := []byte("\x81\xff\x00\x00\x00\x00\x3f\xff\xff\xffmask")
	if _, _, err := a.Next(&l, header); err != nil || cap(a.buf) > 16 {
		t.Fatalf("%d bytes, %v", cap(a.buf), err)
	}
	if _, _, err := a.Next(&l, make([]byte, 100)); err != nil || cap(a.buf) > 256 {
		t.Fatalf("%d bytes, %v", cap(a.buf), err)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	var a Assembler
	text, ping := []byte(whole(OpText, strings.Repeat("Grüße ", 20))), []byte(whole(OpPing, "ping"))
	in := make([]byte, 0, len(text)+len(ping))
	allocs := testing.AllocsPerRun(100, func() {
		in = append(append(in[:0], text...), ping...)
		for rest := in; len(rest) > 0; {
			_, n, err := a.Next(&testLimits, rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
