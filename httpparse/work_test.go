package httpparse

import (
	"strings"
	"testing"
)

// TestWorkIsLinear shows how much of a head is looked at when it comes byte by byte, by putting NULs,
// which are refused at sight, wherever a call must not look: a call looks at the new byte and the three
// before it, and, when a line has ended, at that line; the call that completes the head, at all of it.
// That makes at most four bytes and two readings for each byte. (The first bytes are looked at each time,
// for empty lines.)
func TestWorkIsLinear(t *testing.T) {
	head := []byte("\r\n" + get("X: "+strings.Repeat("value ", 200), "Y: "+strings.Repeat("z", 300), "A: b", "C:"))
	const first = 2 * maxLeadingLines
	var (
		l Limits
		r Request
	)
	lineStart := 0
	for have := first + 1; have < len(head); have++ {
		from := max(first, have-4)
		if head[have-1] == '\n' {
			from, lineStart = lineStart, have-1 // the LF before the line is part of the look
		}
		seen := append(head[:first:first], make([]byte, len(head)-first)...)
		copy(seen[max(first, from):], head[max(first, from):have])
		if n, err := l.Parse(&r, seen[:have], have-1); n != 0 || err != nil {
			t.Fatalf("at %d, from %d: %d, %v", have, from, n, err)
		}
	}
	if n, err := l.Parse(&r, head, len(head)-1); n != len(head) || err != nil {
		t.Fatal(n, err)
	}
}

// TestNoAllocations: parsing, decoding and writing heads allocate nothing.
func TestNoAllocations(t *testing.T) {
	var (
		l   Limits
		r   Request
		out = make([]byte, 0, 4096)
	)
	texts := [][]byte{[]byte(browserRequest), []byte(minimalRequest),
		[]byte(get("Connection: x, upgrade", "Transfer-Encoding: chunked", "Expect: 100-continue")), []byte(request("GET http://a HTTP/1.0"))}
	chunks := []byte("3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n")
	form, date := []byte("a=1&mess%61ge=%5B%5D+"), []byte(testDate)
	for name, f := range map[string]func(){
		"whole": func() {
			for _, text := range texts {
				if n, err := l.Parse(&r, text, 0); n == 0 || err != nil {
					t.Error(n, err)
				}
			}
		},
		"in pieces": func() {
			for _, text := range texts {
				_, _ = l.Parse(&r, text[:10], 0)
				_, _ = l.Parse(&r, text[:20], 10)
				if n, err := l.Parse(&r, text, 20); n == 0 || err != nil {
					t.Error(n, err)
				}
			}
		},
		"chunked": func() {
			c := Chunked{MaxBody: 10}
			if _, _, done, err := c.Decode(out, chunks); !done || err != nil {
				t.Error(err)
			}
		},
		"form": func() {
			if b, err := AppendUnescaped(out, Value(form, "message")); string(b) != "[] " || err != nil {
				t.Error(err)
			}
		},
		"response": func() {
			b := AppendField(AppendHead(out, 200, date), "Content-Type", "application/json")
			if b = AppendEnd(AppendContentLength(b, 100)); len(b) == 0 {
				t.Error("empty")
			}
		},
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
