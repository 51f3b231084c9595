package websocket

import (
	"strings"
	"testing"
)

// TestCodes goes over all codes there are.
func TestCodes(t *testing.T) {
	for code := range 1 << 16 {
		want := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
		if Code(code).Sendable() != want {
			t.Errorf("%d: %v", code, !want)
		}
	}
}

func TestClose(t *testing.T) {
	runRows(t, testLimits, []row{
		{"empty", whole(OpClose, ""), `close 1005 ""`},
		{"one byte", whole(OpClose, "\x03"), "close frame"},
		{"code", closing(1000, ""), `close 1000 ""`},
		{"reason", closing(4000, "Bis später"), `close 4000 "Bis später"`},
		{"longest reason", closing(1001, strings.Repeat("a", 123)), "close 1001 123 bytes"},
		{"too long", closing(1001, strings.Repeat("a", 124)), "control frame"},
		{"reason that is not UTF-8", closing(1000, "a\xce"), "not UTF-8"},
		{"never to be sent", closing(1005, ""), "close frame"},
		{"nothing after it", closing(1001, "") + whole(OpPing, "") + "\xff\xff", `close 1001 ""`},
	})
}

func TestAppendClose(t *testing.T) {
	for _, r := range []struct {
		name   string
		code   Code
		reason string
		want   string
	}{
		{"code", CodeNormal, "", "\x88\x02\x03\xe8"},
		{"reason", CodeTooBig, "message too long", "\x88\x12\x03\xf1message too long"},
		{"none", CodeNoStatus, "unheard", "\x88\x00"},
		{"zero", 0, "", "\x88\x00"},
		{"longest", CodeNormal, strings.Repeat("a", 123), "\x88\x7d\x03\xe8" + strings.Repeat("a", 123)},
		{"cut", CodeNormal, strings.Repeat("a", 200), "\x88\x7d\x03\xe8" + strings.Repeat("a", 123)},
		{"cut before a character", CodeNormal, strings.Repeat("a", 122) + "ü", "\x88\x7c\x03\xe8" + strings.Repeat("a", 122)},
		{"cut after one", CodeNormal, strings.Repeat("a", 121) + "üb", "\x88\x7d\x03\xe8" + strings.Repeat("a", 121) + "ü"},
		{"cut before a long one", CodeNormal, strings.Repeat("a", 120) + "😀", "\x88\x7a\x03\xe8" + strings.Repeat("a", 120)},
		{"no character at all", CodeNormal, strings.Repeat("\x80", 200), "\x88\x02\x03\xe8"},
	} {
		if got := AppendClose([]byte("before"), r.code, r.reason); string(got) != "before"+r.want {
			t.Errorf("%s: got %q, want %q", r.name, got, r.want)
		}
	}
}

func TestParseClose(t *testing.T) {
	code, reason, kind := parseClose([]byte("\x03\xe9bye"))
	if code != CodeGoingAway || string(reason) != "bye" || kind != 0 {
		t.Errorf("%d %q %v", code, reason, kind)
	}
	if _, _, kind := parseClose([]byte{3}); kind != KindClose {
		t.Errorf("%v", kind)
	}
}
