package connectiontype

import (
	"strings"
	"testing"
)

func TestAppendLongPolling(t *testing.T) {
	for messages, want := range map[string]string{
		"":            "[]",
		`{"a":1}`:     `[{"a":1}]`,
		`{},{"b":[]}`: `[{},{"b":[]}]`,
	} {
		if got := string(AppendLongPolling([]byte(">"), []byte(messages))); got != ">"+want {
			t.Errorf("%q: got %q, want %q", messages, got, want)
		}
	}
}

func TestAppendCallbackPolling(t *testing.T) {
	for messages, want := range map[string]string{
		"":                            "/**/cb([]);",
		`{"a":"</script>"}`:           `/**/cb([{"a":"\u003c/script>"}]);`,
		"{\"a\":\"x\u2028y\u2029\"}":  `/**/cb([{"a":"x\u2028y\u2029"}]);`,
		`{"a":1.10},{"b":"\u2028 é"}`: `/**/cb([{"a":1.10},{"b":"\u2028 é"}]);`,
	} {
		if got := string(AppendCallbackPolling(nil, "cb", []byte(messages))); got != want {
			t.Errorf("%q: got %q, want %q", messages, got, want)
		}
	}
}

func TestValidCallback(t *testing.T) {
	for _, name := range []string{"cb", "_cometd_jsonp_1", "__jsonp1__", "$", "a.b.c", DefaultCallback,
		"dojo.io.script.jsonp_dojoIoScript1._jsonpCallback", strings.Repeat("a", 128)} {
		if !ValidCallback([]byte(name)) {
			t.Errorf("%q refused", name)
		}
	}
	for _, name := range []string{"", ".", "a.", ".a", "a..b", "1a", "a.1b", "a b", "a(b", "alert(1)//", "a-b", "é",
		"a\n", strings.Repeat("a", 129)} {
		if ValidCallback([]byte(name)) {
			t.Errorf("%q accepted", name)
		}
	}
}
