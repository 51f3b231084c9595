package websocket

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestText gives each text whole, in two pieces cut at every place, and byte by byte; fault is how many
// bytes it takes until the text is beyond hope, 0 if it never is.
func TestText(t *testing.T) {
	for _, r := range []struct {
		name, in string
		fault    int
		complete bool
	}{
		{"empty", "", 0, true},
		{"ASCII", "Hello, world, in more than eight bytes", 0, true},
		{"two bytes", "\u0080 grüße \u07ff", 0, true},
		{"three bytes", "\u0800 κόσμε\u1f79 \ud7ff\ue000\uffff", 0, true},
		{"four bytes", "\U00010000 😀 \U0010ffff", 0, true},
		{"cut in two", "a\xc3", 0, false},
		{"cut in three", "a\xe2\x82", 0, false},
		{"cut in four", "a\xf0\x9f\x98", 0, false},
		{"continuation alone", "ab\x80", 3, false},
		{"overlong two", "\xc0\xaf", 1, false},
		{"overlong C1", "a\xc1", 2, false},
		{"overlong three", "\xe0\x80\xaf", 2, false},
		{"longest overlong three", "\xe0\x9f\xbf", 2, false},
		{"overlong four", "\xf0\x80\x80\xaf", 2, false},
		{"longest overlong four", "\xf0\x8f\xbf\xbf", 2, false},
		{"surrogate", "\xed\xa0\x80", 2, false},
		{"last surrogate", "\xed\xbf\xbf", 2, false},
		{"above the last", "\xf4\x90\x80\x80", 2, false},
		{"five bytes", "\xf8\x88\x80\x80\x80", 1, false},
		{"six bytes", "\xfc\x84\x80\x80\x80\x80", 1, false},
		{"FE", "abc\xfe", 4, false},
		{"FF", "\xff", 1, false},
		{"second byte missing", "\xe2a", 2, false},
		{"third byte missing", "\xe2\x82a", 3, false},
		{"fourth byte missing", "\xf0\x9f\x98a", 4, false},
		{"new character inside one", "\xe2\x82\xe2\x82\xac", 3, false},
	} {
		want := outcome{r.fault == 0, r.complete}
		for cut := range len(r.in) + 1 {
			if got := check(r.in[:cut], r.in[cut:]); got != want {
				t.Errorf("%s, cut at %d: %+v", r.name, cut, got)
			}
		}
		for n := range len(r.in) {
			if got := check(strings.Split(r.in[:n], "")...); got.possible != (r.fault == 0 || n < r.fault) {
				t.Errorf("%s, the first %d bytes: %+v", r.name, n, got)
			}
		}
	}
}

// outcome is what Text says about pieces; complete counts only if it is possible.
type outcome struct{ possible, complete bool }

func check(pieces ...string) outcome {
	var text Text
	for _, p := range pieces {
		if !text.Write([]byte(p)) {
			return outcome{}
		}
	}
	return outcome{true, text.Complete()}
}

// possible tells whether something could follow s to make it valid: it tries.
func possible(s string) bool {
	if utf8.ValidString(s) {
		return true
	}
	for _, end := range []string{"\x80", "\x80\x80", "\x80\x80\x80", "\x90\x80\x80", "\xa0\x80"} {
		if utf8.ValidString(s + end) {
			return true
		}
	}
	return false
}

func FuzzText(f *testing.F) {
	f.Add("κόσμε", uint(3), uint(5))
	f.Add("\xf4\x90\x80\x80", uint(1), uint(2))
	f.Add("\xed\x9f\xbf\xed\xa0", uint(2), uint(4))
	f.Fuzz(func(t *testing.T, s string, i, j uint) {
		i = min(i, uint(len(s)))
		j = min(i+j, uint(len(s)))
		want := outcome{possible(s), utf8.ValidString(s)}
		if got := check(s[:i], s[i:j], s[j:]); got != want { // the invariant: cuts change nothing
			t.Fatalf("%q | %q | %q: got %+v, want %+v", s[:i], s[i:j], s[j:], got, want)
		}
	})
}
