package message

import (
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// values are JSON texts and texts that are nearly JSON. What is right is what encoding/json says of
// them and of their UTF-8, so the table holds none of the answers.
var values = []string{
	``, ` `, `0`, `-0`, `1`, `-1`, `12345678901234567890`, `1.10`, `1e3`, `1E+3`, `1e-03`, `1.5e+00`, `1e999`, `0.0`, `0e0`,
	`01`, `-01`, `00`, `-`, `--1`, `+1`, `.5`, `1.`, `1.e3`, `1e`, `1e+`, `1ee3`, `1e3.5`, `0x1`, `1_0`, `NaN`, `Infinity`, `-Infinity`, `1 2`, `1,`,
	`true`, `false`, `null`, `tru`, `truex`, `True`, `fals`, `nul`, `nulll`, `n`, `undefined`, `true false`,
	`""`, `"`, `"a`, `"\"`, `"\\"`, `"\""`, `"\/"`, `"\b\f\n\r\t"`, `"\a"`, `"\v"`, `"\x41"`, `"\'"`, `'a'`, `"\u0041"`, `"\u004"`, `"\u004g"`,
	`"\U0041"`, `"\u"`, `"\u00e9é"`, `"\uD83D\uDE00"`, `"\uD800"`, `"\uDC00"`, `"\uD800\u0041"`, `"\uD800\uD800"`, `"\u0000"`, `"` + "\x00" + `"`,
	`"` + "\x1f" + `"`, `"` + "\x7f" + `"`, "\"\n\"", "\"\t\"", `"a` + "\r" + `b"`, `"12345678"`, `"1234567"`, `"123456789"`, `"1234567` + "\n" + `"`,
	`"12345678` + "\x01" + `"`, `"1234567\"90"`, `"12345678\"0"`, `"` + "\u2028\u2029" + `"`, `"é"`, `"日本語"`, `"` + "\U0001F600" + `"`, `"` + "\ufeff" + `"`,
	`"` + "\x80" + `"`, `"` + "\xff" + `"`, `"` + "\xc0\x80" + `"`, `"` + "\xed\xa0\x80" + `"`, `"` + "\xf4\x90\x80\x80" + `"`, `"` + "\xe2\x82" + `"`, `"` + "\xc3",
	`"1234567` + "\xc3\xa9" + `"`, `"123456` + "\xe2\x82\xac" + `"`, `"1234567` + "\xc3" + `"`,
	"\ufeff{}", "\xff", "{}\xff", "é", "[é]", "\x00", "[\x00]", "[1\x00]",
	`[]`, `[ ]`, `[1]`, `[1,2]`, `[1,]`, `[,1]`, `[,]`, `[1 2]`, `[`, `]`, `[]]`, `[[]`, `[[],[]]`, `[1}`, `[1:2]`, `["a":1]`, `[1,,2]`, `[ 1 , 2 ]`,
	`{}`, `{ }`, `{"a":1}`, `{"a":1,"b":2}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a",1}`, `{a:1}`, `{1:1}`, `{"a":1 "b":2}`, `{`, `}`, `{"`, `{"a`, `{"a"`, `{"a":`,
	`{"a":1`, `{"a":1]`, `{"a":1}}`, `{"a":1,"a":2}`, `{"":0}`, `{ "a" : [ { } , [ ] ] }`, "{\n\t\"a\"\r:\n1\t}\n", `{null:1}`, `{"a"::1}`, `{'a':1}`,
	`/* c */1`, `1//c`, "\v1", "\f1", "\u00a01", "1\u0085", ` 1`, `1 `, "\t\r\n 1 \n",
	strings.Repeat("[", 60) + strings.Repeat("]", 60), strings.Repeat("[", 60), strings.Repeat(`{"a":`, 60) + `1` + strings.Repeat("}", 60),
}

const testDepth = 64

func TestValid(t *testing.T) {
	for _, text := range values {
		wantValid(t, text)
	}
}

// Every text is also cut short at every byte, and put into an array and an object.
func TestValidInContext(t *testing.T) {
	for _, text := range values {
		for i := range text {
			wantValid(t, text[:i])
		}
		wantValid(t, `[`+text+`]`)
		wantValid(t, `{"a":`+text+`}`)
		wantValid(t, `{`+text+`:0}`)
		wantValid(t, `[`+text+`,`+text+`]`)
	}
}

func wantValid(t *testing.T, text string) {
	t.Helper()
	err := Valid([]byte(text), testDepth)
	if want := stdjson.Valid([]byte(text)) && utf8.ValidString(text); want != (err == nil) {
		t.Errorf("Valid(%q) = %v, want valid = %t", text, err, want)
	}
}

func TestValidErrors(t *testing.T) {
	for _, r := range []struct {
		in    string
		depth int
		want  Error
	}{
		{``, 9, Error{KindSyntax, 0}},
		{`  `, 9, Error{KindSyntax, 2}},
		{`[1,x]`, 9, Error{KindSyntax, 3}},
		{`[1 2]`, 9, Error{KindSyntax, 3}},
		{`{"a" 1}`, 9, Error{KindSyntax, 5}},
		{`{"a":1,}`, 9, Error{KindSyntax, 7}},
		{`"\u12x4"`, 9, Error{KindSyntax, 5}},
		{`"\q"`, 9, Error{KindSyntax, 2}},
		{"\"a\nb\"", 9, Error{KindSyntax, 2}},
		{`"abc`, 9, Error{KindSyntax, 4}},
		{`[true, nul]`, 9, Error{KindSyntax, 7}},
		{`-x`, 9, Error{KindSyntax, 1}},
		{`1.x`, 9, Error{KindSyntax, 2}},
		{`1e+x`, 9, Error{KindSyntax, 3}},
		{`{} {}`, 9, Error{KindSyntax, 3}},
		{"\"a\xff\"", 9, Error{KindUTF8, 2}},
		{"[\"\xc3", 9, Error{KindUTF8, 2}},
		{`[[]]`, 1, Error{KindDepth, 1}},
		{`[{"a":[0]}]`, 2, Error{KindDepth, 6}},
		{`{}`, 0, Error{KindDepth, 0}},
		{`{}`, -1, Error{KindDepth, 0}},
	} {
		var got Error
		if err := Valid([]byte(r.in), r.depth); !errors.As(err, &got) || got != r.want {
			t.Errorf("Valid(%q, %d) = %v, want %v", r.in, r.depth, err, r.want)
		}
	}
}

// The depth counts levels, not brackets: siblings do not add up.
func TestValidDepth(t *testing.T) {
	for _, in := range []string{`0`, `[[],[],{}]`, `{"a":{},"b":[],"c":[]}`, `[[1],[2],[3]]`} {
		if err := Valid([]byte(in), 2); err != nil {
			t.Errorf("Valid(%q, 2) = %v", in, err)
		}
	}
	if err := Valid([]byte(`"a"`), 0); err != nil {
		t.Errorf("a scalar needs depth: %v", err)
	}
	deep := strings.Repeat("[", 1<<20)
	if err := Valid([]byte(deep), testDepth); err != (Error{KindDepth, testDepth}) {
		t.Errorf("a million brackets: %v", err)
	}
}

func TestErrorText(t *testing.T) {
	if got := (Error{KindUTF8, 7}).Error(); got != "not UTF-8 at byte 7" {
		t.Errorf("got %q", got)
	}
	seen := map[string]bool{}
	for k := Kind(0); int(k) <= len(kindTexts); k++ {
		if text := k.String(); text == "" || seen[text] {
			t.Errorf("kind %d has text %q", k, text)
		} else {
			seen[text] = true
		}
	}
}

// FuzzValid: Valid says what encoding/json and unicode/utf8 say together, unless the depth is exceeded.
func FuzzValid(f *testing.F) {
	for _, text := range values {
		f.Add([]byte(text))
	}
	f.Add([]byte(benchBatch))
	f.Fuzz(func(t *testing.T, body []byte) {
		err := Valid(body, testDepth)
		var e Error
		if errors.As(err, &e); e.Kind == KindDepth {
			return
		}
		if want := stdjson.Valid(body) && utf8.Valid(body); want != (err == nil) {
			t.Errorf("Valid = %v, want valid = %t", err, want)
		}
		if err != nil && (e.Offset < 0 || e.Offset > len(body)) {
			t.Errorf("offset %d of %d bytes", e.Offset, len(body))
		}
	})
}
