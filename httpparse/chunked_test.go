package httpparse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// decode feeds the parts to a decoder and puts the outcome into words: the data, and what came then.
func decode(maxBody int64, parts ...string) string {
	c := Chunked{MaxBody: maxBody}
	var out []byte
	read := 0
	for i, part := range parts {
		var (
			n    int
			done bool
			err  error
		)
		out, n, done, err = c.Decode(out, []byte(part))
		if err != nil {
			e := err.(Error)
			return describeError(Error{e.Kind, read + e.Offset})
		}
		read += n
		if done {
			return fmt.Sprintf("%q rest %q", out, part[n:]+strings.Join(parts[i+1:], ""))
		}
	}
	return fmt.Sprintf("%q partial", out)
}

func TestChunked(t *testing.T) {
	const empty = `"" rest ""`
	end := func(s string) string { return "0\r\n" + s + "\r\n" }
	ext := func(s string) string { return "1" + s + "\r\nx\r\n0\r\n\r\n" }
	const x = `"x" rest ""`
	for _, r := range []row{
		{"empty", end(""), empty},
		{"one", "3\r\nabc\r\n" + end(""), `"abc" rest ""`},
		{"two", "3\r\nabc\r\n2\r\nde\r\n" + end(""), `"abcde" rest ""`},
		{"hexadecimal", "a\r\n0123456789\r\nA\r\n0123456789\r\n" + end(""), `"01234567890123456789" rest ""`},
		{"line ends as data", "4\r\n\r\n\r\n\r\n" + end(""), `"\r\n\r\n" rest ""`},
		{"next request", end("") + "GET /", `"" rest "GET /"`},
		{"leading zeros", "0000000000000001\r\nx\r\n" + end(""), x},
		{"many zeros at the end", "0000000000000000\r\n\r\n", empty},
		{"17 digits", "00000000000000001\r\n", "400 chunk size @16"},
		{"size beyond 64 bits", "10000000000000000\r\n", "400 chunk size @16"},
		{"size of 64 bits", "ffffffffffffffff\r\n", "413 body too large @17"},
		{"body at its limit", "14\r\n01234567890123456789\r\n" + end(""), `"01234567890123456789" rest ""`},
		{"body beyond it", "15\r\n", "413 body too large @3"},
		{"body beyond it with the second chunk", "13\r\n0123456789012345678\r\n2\r\n", "413 body too large @27"},
		{"data that is not there", "3\r\nab", `"ab" partial`},
		{"no size", "\r\n", "400 chunk size @0"},
		{"only an extension", ";a\r\n", "400 chunk size @0"},
		{"letter", "g\r\n", "400 chunk size @0"},
		{"letter later", "1g\r\n", "400 chunk size @1"},
		{"0x", "0x1\r\n", "400 chunk size @1"},
		{"minus", "-1\r\n", "400 chunk size @0"},
		{"plus", "+1\r\n", "400 chunk size @0"},
		{"underscore", "1_0\r\n", "400 chunk size @1"},
		{"space first", " 1\r\n", "400 chunk size @0"},
		{"space behind", "1 \r\n", "400 chunk extension @2"},
		{"tab behind", "1\t\r\n", "400 chunk extension @2"},
		{"bare LF behind the size", "1\nx", "400 bare LF @1"},
		{"bare LF behind an extension", "1;a\nx", "400 bare LF @3"},
		{"bare CR behind the size", "1\rx", "400 bare CR @2"},
		{"CR CR LF", "1\r\r\n", "400 bare CR @2"},
		{"bare LF behind the data", "1\r\nx\n", "400 chunk end @4"},
		{"bare CR behind the data", "1\r\nx\rx", "400 chunk end @5"},
		{"more data than said", "1\r\nxy\r\n", "400 chunk end @4"},
		{"less data than said", "2\r\nx\r\n0\r\n", "400 chunk end @5"},
		{"bare LF at the end", "0\r\n\n", "400 bare LF @3"},
		{"bare CR at the end", "0\r\n\rx", "400 bare CR @4"},
		{"LF for the last size", "0\n\n", "400 bare LF @1"},
		{"NUL", "1\x00\r\n", "400 control byte @1"},

		{"extension", ext(";a"), x},
		{"value", ext(";a=b"), x},
		{"several", ext(";a=b;c;d=\"e\""), x},
		{"white space around", ext(" \t; a = b\t;c =\"d\" ;e"), x},
		{"quoted", ext(`;a="b;c=d, \"e\\ \` + "\xff" + `"`), x},
		{"empty quoted", ext(`;a=""`), x},
		{"no name", ext(";"), "400 chunk extension @2"},
		{"no name but a value", ext(";=b"), "400 chunk extension @2"},
		{"two semicolons", ext(";;a"), "400 chunk extension @2"},
		{"no value", ext(";a="), "400 chunk extension @4"},
		{"space at the end", ext(";a "), "400 chunk extension @4"},
		{"space after a value", ext(";a=b "), "400 chunk extension @6"},
		{"two names", ext(";a b"), "400 chunk extension @4"},
		{"two values", ext(";a=b c"), "400 chunk extension @6"},
		{"text after quotes", ext(`;a="b"c`), "400 chunk extension @7"},
		{"quotes open", ext(`;a="b`), "400 chunk extension @6"},
		{"line end in quotes", ext(";a=\"b\r\n\""), "400 chunk extension @6"},
		{"LF in quotes", ext(";a=\"b\n\""), "400 bare LF @6"},
		{"escaped control", ext(";a=\"\\\x01\""), "400 control byte @6"},
		{"no token", ext(";a=b/c"), "400 chunk extension @5"},
		{"long extension", ext(";" + strings.Repeat("a", 4095)), x},
		{"too long", ext(";" + strings.Repeat("a", 4096)), "400 chunk extension @4097"},

		{"trailer", end("A: b\r\n"), empty},
		{"trailers", end("A: b\r\nC:\r\nD:\t\xe9:;\"\\ \r\n"), empty},
		{"trailer like a length", end("Content-Length: 5\r\n"), empty},
		{"fold in a trailer", end("A: b\r\n c\r\n"), "400 folded line @9"},
		{"space before a trailer", end(" A: b\r\n"), "400 folded line @3"},
		{"space before its colon", end("A : b\r\n"), "400 trailer @4"},
		{"no trailer name", end(": b\r\n"), "400 trailer @3"},
		{"no colon", end("A\r\n"), "400 trailer @4"},
		{"bare LF in a trailer", end("A: b\n"), "400 bare LF @7"},
		{"bare CR in a trailer", end("A: b\rc\r\n"), "400 bare CR @8"},
		{"NUL in a trailer", end("A: \x00\r\n"), "400 control byte @6"},
		{"32 trailers", end(strings.Repeat("A: b\r\n", 32)), empty},
		{"33 trailers", end(strings.Repeat("A: b\r\n", 33)), "431 trailer too large @195"},
		{"8 KiB of trailer", end("A:" + strings.Repeat("b", 8192-4) + "\r\n"), empty},
		{"more than 8 KiB of trailer", end("A:" + strings.Repeat("b", 8193-4) + "\r\n"), "431 trailer too large @8195"},
	} {
		t.Run(r.name, func(t *testing.T) { runChunked(t, r) })
	}
}

// runChunked decodes a row whole, cut at every place (or, when it is long, at some), and byte by byte.
func runChunked(t *testing.T, r row) {
	const limit = 20
	if got := decode(limit, r.in); got != r.want {
		t.Fatalf("whole\n got %s\nwant %s\n in %.200q", got, r.want, r.in)
	}
	for cut := 1; cut < len(r.in); cut += 1 + len(r.in)/1000 {
		if got := decode(limit, r.in[:cut], r.in[cut:]); got != r.want {
			t.Fatalf("cut at %d\n got %s\nwant %s\n in %.200q", cut, got, r.want, r.in)
		}
	}
	if got := decode(limit, strings.Split(r.in, "")...); got != r.want {
		t.Fatalf("byte by byte\n got %s\nwant %s\n in %.200q", got, r.want, r.in)
	}
}

// The extensions of all chunks together have one limit.
func TestChunkedExtensionsAddUp(t *testing.T) {
	chunk := "1;" + strings.Repeat("a", 1023) + "\r\nx\r\n"
	if got := decode(100, strings.Repeat(chunk, 4), "0\r\n\r\n"); got != `"xxxx" rest ""` {
		t.Error(got)
	}
	if got := decode(100, strings.Repeat(chunk, 4), "0;\r\n\r\n"); got != "400 chunk extension @4121" {
		t.Error(got)
	}
}

// Data may be decoded into the array that it comes in.
func TestChunkedInPlace(t *testing.T) {
	buf := []byte("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\nGET")
	c := Chunked{MaxBody: 10}
	out, n, done, err := c.Decode(buf[:0], buf)
	if string(out) != "abcdefg" || !done || err != nil || string(buf[n:]) != "GET" || &out[0] != &buf[0] {
		t.Errorf("%q %d %v %v %q", out, n, done, err, buf[n:])
	}
}

// What is written in chunks is read the same.
func TestChunkedWriteAndRead(t *testing.T) {
	var body, sent []byte
	for i := range 40 {
		part := bytes.Repeat([]byte{byte(i)}, i)
		body, sent = append(body, part...), AppendChunk(sent, part)
	}
	sent = append(sent, LastChunk...)
	c := Chunked{MaxBody: int64(len(body))}
	out, n, done, err := c.Decode(nil, sent)
	if !bytes.Equal(out, body) || n != len(sent) || !done || err != nil {
		t.Errorf("%d of %d bytes, %v, %v", len(out), len(body), done, err)
	}
}
