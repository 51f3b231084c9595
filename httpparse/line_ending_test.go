package httpparse

import "testing"

func TestLineEndings(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n"
	runRows(t, Limits{}, []row{
		{"CRLF", head, "GET / 1.1 keep host=a"},
		{"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400 bare LF @14"},
		{"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", "400 bare LF @23"},
		{"bare LF as the last line", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400 bare LF @25"},
		{"bare LF in the last line end", "GET / HTTP/1.1\r\nHost: a\r\n\rx\n", "400 bare CR @25"},
		{"LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare LF @0"},
		{"LF CR", "GET / HTTP/1.1\n\rHost: a\r\n\r\n", "400 bare LF @14"},
		{"bare CR in the target", "GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare CR @5"},
		{"bare CR after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "400 bare CR @14"},
		{"bare CR in a value", get("X: a\rb"), "400 bare CR @29"},
		{"bare CR in a name", get("X\rY: a"), "400 bare CR @26"},
		{"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "400 bare CR @14"},
		{"fold with space", get("X: a", " b"), "400 folded line @31"},
		{"fold with tab", get("X: a", "\tb"), "400 folded line @31"},
		{"fold of the last field", get("X: a", " "), "400 folded line @31"},
		{"space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 folded line @16"},
		{"tab before the first field", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "400 folded line @16"},
		{"one empty line before", "\r\n" + head, "GET / 1.1 keep host=a"},
		{"two empty lines before", "\r\n\r\n" + head, "GET / 1.1 keep host=a"},
		{"three empty lines before", "\r\n\r\n\r\n" + head, "400 request line @4"},
		{"empty line with a space before", " \r\n" + head, "400 request line @0"},
		{"space before the request line", " " + head, "400 request line @0"},
		{"only an empty line", "\r\n", "partial"},
		{"only CR", "\r", "partial"},
		{"no final empty line", "GET / HTTP/1.1\r\nHost: a\r\n", "partial"},
		{"half of the final empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r", "partial"},
	})
}

// Every control byte but HTAB, CR and LF is refused wherever it stands, as soon as it is there.
func TestControlBytes(t *testing.T) {
	places := []struct {
		name, before, after string
	}{
		{"first", "", "GET / HTTP/1.1\r\n"},
		{"method", "GE", "T / HTTP/1.1\r\n"},
		{"target", "GET /", "a HTTP/1.1\r\n"},
		{"version", "GET / HTTP/1.", "1\r\n"},
		{"name", "GET / HTTP/1.1\r\nHo", "st: a\r\n"},
		{"before colon", "GET / HTTP/1.1\r\nHost", ": a\r\n"},
		{"value", "GET / HTTP/1.1\r\nHost: a\r\nX: some text that is long", " enough"},
		{"end", "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"},
	}
	for c := range 0x80 {
		if c >= ' ' && c != 0x7f || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		var rows []row
		for _, p := range places {
			want := describeError(Error{KindControl, len(p.before)})
			rows = append(rows, row{p.name, p.before + string(rune(c)) + p.after, want})
		}
		runRows(t, Limits{}, rows)
	}
}

func TestFieldLines(t *testing.T) {
	runRows(t, Limits{}, []row{
		{"space before colon", get("Origin : a"), "400 field name @31"},
		{"tab before colon", get("Origin\t: a"), "400 field name @31"},
		{"empty name", get(": a"), "400 field name @25"},
		{"no colon", get("Origin"), "400 field name @31"},
		{"only a token before the end", get("a"), "400 field name @26"},
		{"name with a bracket", get("Ori(gin: a"), "400 field name @28"},
		{"name beyond ASCII", get("Orig\xefn: a"), "400 field name @29"},
		{"name with every mark", get("!#$%&'*+-.^_`|~: a"), "GET / 1.1 keep host=a"},
		{"empty value", get("Origin:"), "GET / 1.1 keep host=a origin="},
		{"blank value", get("Origin: \t "), "GET / 1.1 keep host=a origin="},
		{"no space after colon", get("Origin:x"), "GET / 1.1 keep host=a origin=x"},
		{"white space around", get("Origin: \t x y\t z\t "), "GET / 1.1 keep host=a origin=x y\t z"},
		{"value beyond ASCII", get("Origin: \x80\xff"), "GET / 1.1 keep host=a origin=\x80\xff"},
		{"colon in value", get("Origin: http://x:8"), "GET / 1.1 keep host=a origin=http://x:8"},
		{"name in capitals", get("ORIGIN: x"), "GET / 1.1 keep host=a origin=x"},
	})
}
