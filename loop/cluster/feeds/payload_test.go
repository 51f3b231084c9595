package feeds

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/message"
)

// JSON stays as it is, other text is a string, and other bytes are as CometD's clients have them.
func TestDataOf(t *testing.T) {
	for payload, want := range map[string]string{
		`{"a":1.50}`: `{"a":1.50}`, " 7 \n": "7", "1e400": "1e400", "null": "null", `"a"`: `"a"`,
		"": `""`, "ACME 3": `"ACME 3"`, `{"a":}`: `"{\"a\":}"`, "a\n\"b\"\x00": `"a\n\"b\"\u0000"`, "é": `"é"`, "1 2": `"1 2"`,
		"[[[1]]]":                              `"[[[1]]]"`, // too deep
		"\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B":     `{"data":"HelloWorld","last":true,"meta":{}}binary`,
		"\xff":                                 `{"data":"@@","last":true,"meta":{}}binary`,
		"\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B\xff": `{"data":"HelloWorld@@","last":true,"meta":{}}binary`,
	} {
		data, binary := dataOf([]byte(payload), 2)
		if got := string(data) + map[bool]string{true: "binary"}[binary]; got != want {
			t.Errorf("%q: %s", payload, got)
		}
	}
}

// Whatever comes is one JSON value, and bytes can be had back.
func TestAnyPayload(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		data, binary := dataOf(payload, 5)
		if err := message.Valid(data, 100); err != nil {
			t.Fatalf("%q: %s: %v", payload, data, err)
		}
		if !binary {
			return
		}
		if got := fromZ85(string(message.Get(data, "data"))); !bytes.Equal(got, payload) {
			t.Fatalf("%x came back as %x", payload, got)
		}
	})
}

// fromZ85 reads what CometD's clients read: missing characters at the end are the greatest ones.
func fromZ85(quoted string) (out []byte) {
	text := quoted[1 : len(quoted)-1]
	missing := (5 - len(text)%5) % 5
	text += strings.Repeat("#", missing)
	for ; text != ""; text = text[5:] {
		value := uint64(0)
		for _, c := range text[:5] {
			value = value*85 + uint64(strings.IndexRune(z85, c))
		}
		out = append(out, byte(value>>24), byte(value>>16), byte(value>>8), byte(value))
	}
	return out[:len(out)-missing]
}
