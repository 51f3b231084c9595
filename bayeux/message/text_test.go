package message

import (
	"bytes"
	stdjson "encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

var texts = []string{
	"", "a", "/stock/SPY", `"`, `\`, `a"b\c`, "\x00\x01\x1f", "\b\f\n\r\t", "\x7f", "é", "日本語", "\U0001F600", "\u2028\u2029", "<script>&",
	"12345678", "1234567\"", "12345678\"", "1234567é", "\xff", "a\xc3", "\xed\xa0\x80", "a\xe2\x82b", "\xf0\x9f\x98", strings.Repeat("long ", 50) + "\n",
}

func TestAppendString(t *testing.T) {
	for _, text := range texts {
		raw := AppendString([]byte("x"), []byte(text))
		if raw[0] != 'x' {
			t.Fatalf("AppendString overwrote what was there: %q", raw)
		}
		raw = raw[1:]
		var back string
		if err := stdjson.Unmarshal(raw, &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
			t.Errorf("AppendString(%q) = %s, which reads %q, %v", text, raw, back, err)
		}
		if err := Valid(raw, 0); err != nil {
			t.Errorf("AppendString(%q) = %s: %v", text, raw, err)
		}
		var std string
		if err := stdjson.Unmarshal(must(stdjson.Marshal(text)), &std); err != nil || back != std {
			t.Errorf("AppendString(%q) reads %q, that of encoding/json %q, %v", text, back, std, err)
		}
	}
}

func TestAppendStringForm(t *testing.T) {
	for in, want := range map[string]string{
		"/a":          `"/a"`,
		"a\"\\/":      `"a\"\\/"`,
		"\n\r\t\b":    `"\n\r\t\u0008"`,
		"é\u2028\xff": "\"é\u2028\ufffd\"",
	} {
		if got := string(AppendString(nil, []byte(in))); got != want {
			t.Errorf("AppendString(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestAppendUnquoted(t *testing.T) {
	for _, raw := range values {
		var want string
		if stdjson.Unmarshal([]byte(raw), &want) != nil || !utf8.ValidString(raw) || strings.TrimSpace(raw) != raw || raw[0] != '"' {
			continue
		}
		if got := AppendUnquoted([]byte("x"), []byte(raw)); string(got) != "x"+want {
			t.Errorf("AppendUnquoted(%s) = %q, want %q", raw, got, want)
		}
	}
	for _, raw := range []string{``, `"`, `1`, `null`, `["a"]`, `{"a":"b"}`} {
		if got := AppendUnquoted(nil, []byte(raw)); len(got) != 0 {
			t.Errorf("AppendUnquoted(%s) = %q, want nothing", raw, got)
		}
	}
}

func TestAppendUnquotedSurrogates(t *testing.T) {
	for raw, want := range map[string]string{
		`"\ud83d\ude00"`:       "\U0001F600",
		`"\uD83D\uDE00"`:       "\U0001F600",
		`"\ud83d"`:             "\ufffd",
		`"\ude00\ud83d"`:       "\ufffd\ufffd",
		`"\ud83d\ud83d\ude00"`: "\ufffd\U0001F600",
		`"\ud83d\n"`:           "\ufffd\n",
		`"\ud83dx\ude00"`:      "\ufffdx\ufffd",
		`"\ud83d\u00e9"`:       "\ufffdé",
		`"\ufffd"`:             "\ufffd",
	} {
		if got := string(AppendUnquoted(nil, []byte(raw))); got != want {
			t.Errorf("AppendUnquoted(%s) = %+q, want %+q", raw, got, want)
		}
	}
}

func TestAppendScriptSafe(t *testing.T) {
	for raw, want := range map[string]string{
		``:                          ``,
		`{"a":1}`:                   `{"a":1}`,
		`"</script>"`:               `"\u003c/script>"`,
		`"<!--<script"`:             `"\u003c!--\u003cscript"`,
		"\"\u2028\"":                `"\u2028"`,
		"\"a\u2029b\u2028\u2028c\"": `"a\u2029b\u2028\u2028c"`,
		"\"\u2027\u202a€–“\"":       "\"\u2027\u202a€–“\"",
		"\"1234567<12345678<\"":     `"1234567\u003c12345678\u003c"`,
		"\"123456\u2028\u2029\"":    `"123456\u2028\u2029"`,
		"\xe2":                      "\xe2",
		"\xe2\x80":                  "\xe2\x80",
	} {
		if got := string(AppendScriptSafe([]byte("x"), []byte(raw))); got != "x"+want {
			t.Errorf("AppendScriptSafe(%q) = %q, want %q", raw, got, "x"+want)
		}
	}
}

// FuzzText: what AppendString writes reads as what encoding/json makes of the same text, and for valid JSON the
// script-safe form means the same as the original and has none of the bytes that it is to be without.
func FuzzText(f *testing.F) {
	for _, text := range append(seedBodies(), texts...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var std string
		if err := stdjson.Unmarshal(must(stdjson.Marshal(string(text))), &std); err != nil {
			t.Fatal(err)
		}
		if raw := AppendString(nil, text); Valid(raw, 0) != nil || string(AppendUnquoted(nil, raw)) != std {
			t.Fatalf("AppendString(%q) = %q", text, raw)
		}
		if Valid(text, testDepth) != nil {
			return
		}
		safe := AppendScriptSafe(nil, text)
		if bytes.ContainsAny(safe, "<\u2028\u2029") {
			t.Fatalf("AppendScriptSafe(%q) = %q", text, safe)
		}
		if string(canonical(safe)) != string(canonical(text)) {
			t.Fatalf("AppendScriptSafe(%q) = %q, which means something else", text, safe)
		}
	})
}

// canonical is valid JSON with each string in one form.
func canonical(raw []byte) []byte {
	d := stdjson.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		panic(err)
	}
	return must(stdjson.Marshal(value))
}
