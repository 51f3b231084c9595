package wire

import (
	"strings"
	"testing"
)

func readAll(body string) (messages []Message, err error) {
	b := NewBatch([]byte(body))
	var m Message
	for b.Next(&m) {
		messages = append(messages, m)
	}
	return messages, b.Err()
}

func TestBatch(t *testing.T) {
	for _, c := range []struct {
		name, body string
		channels   string // joined by spaces, deliveries marked with !
	}{
		{"empty array", ` [ ] `, ""},
		{"one object", `{"channel":"/meta/connect","successful":true}`, "/meta/connect"},
		{"messages first", `[{"channel":"/a","data":{"x":[1,{"y":"]"}]}},{"channel":"/meta/connect","successful":true}]`, "/a! /meta/connect"},
		{"reply first, spaces", "[ {\"channel\" : \"/meta/connect\" ,\"successful\":true } ,\n{\"data\":1,\"channel\":\"/a\"}\t]", "/meta/connect /a!"},
		{"publish reply", `[{"channel":"/a","successful":true,"id":"1"}]`, "/a"},
		{"escaped slashes", `[{"channel":"\/meta\/connect","successful":false}]`, "/meta/connect"},
		{"escapes in data", `[{"channel":"/a","data":"\"}\\"}]`, "/a!"},
		{"pub of Centrifugo", `{"channel":"/a","pub":{"offset":1,"data":{"b":2}}}`, "/a!"},
		{"push without data of Centrifugo", `{"channel":"/a","join":{"info":{"user":""}}}`, "/a"},
		{"null data", `[{"channel":"/a","data":null}]`, "/a!"},
	} {
		messages, err := readAll(c.body)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for _, m := range messages {
			mark := ""
			if m.IsDelivery() {
				mark = "!"
			}
			got = append(got, string(m.Channel)+mark)
		}
		if strings.Join(got, " ") != c.channels {
			t.Errorf("%s: %q, want %q", c.name, got, c.channels)
		}
	}
}

func TestBatchFields(t *testing.T) {
	messages, err := readAll(`[{"channel":"/meta/handshake","clientId":"a1","successful":false,"error":"402::session_unknown","advice":{"reconnect":"handshake","interval":0}}]`)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	m := messages[0]
	if string(m.ClientID) != "a1" || m.Successful || !m.Answer || string(m.Error) != "402::session_unknown" {
		t.Errorf("%q %v %v %q", m.ClientID, m.Successful, m.Answer, m.Error)
	}
	if a := ParseAdvice(m.Advice); a.Reconnect != Handshake || a.Interval != 0 {
		t.Errorf("advice %+v", a)
	}
}

func TestBatchRefuses(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2)
	for _, body := range []string{
		``, `[`, `[{]`, `[{}`, `[{} {}]`, `[{},]`, `[1]`, `null`, `[{"a"}]`, `[{"a":}]`, `[{"a":"}]`,
		`[{a:1}]`, `[{"a":1,}]`, `[{}] x`, `{} {}`, `[{"a":[1 2]}]`, `[{"data":` + deep + `}]`,
	} {
		if messages, err := readAll(body); err == nil {
			t.Errorf("%.40q gave %d messages and no error", body, len(messages))
		}
	}
}

func TestParseAdvice(t *testing.T) {
	for text, want := range map[string]Advice{
		`{"reconnect":"retry","interval":2000,"timeout":30000}`: {Retry, 2000, 30000},
		`{"reconnect":"none"}`:              {None, -1, 0},
		`{"interval":1.5e3}`:                {Unset, 1500, 0},
		`{"interval":"soon","reconnect":7}`: {Unset, -1, 0},
		`{`:                                 {Unset, -1, 0},
		``:                                  {Unset, -1, 0},
	} {
		if got := ParseAdvice([]byte(text)); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

func TestUnwrap(t *testing.T) {
	for text, want := range map[string]string{
		`cb([1])`: "[1]", `/**/cb([1]);`: "[1]", " /**/ cb([1]) ;\n": "[1]", "/**/cb([1]) ;\n": "[1]", `cb()`: "",
	} {
		if got, _ := Unwrap([]byte(text), "cb"); string(got) != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{``, `[1]`, `other([1])`, `cb([1]`} {
		if got, ok := Unwrap([]byte(text), "cb"); ok {
			t.Errorf("%q was unwrapped to %q", text, got)
		}
	}
}

func FuzzBatch(f *testing.F) {
	f.Add(`[{"channel":"/a","data":{"x":[1,{"y":"]"}]}},{"channel":"/meta/connect","successful":true}]`)
	f.Add(`{"advice":{"interval":1e3}}`)
	f.Fuzz(func(t *testing.T, body string) {
		messages, _ := readAll(body)
		if len(messages) > len(body) {
			t.Errorf("%d messages out of %d bytes", len(messages), len(body))
		}
		for _, m := range messages {
			ParseAdvice(m.Advice)
			ParsePayload(m.Data)
		}
	})
}
