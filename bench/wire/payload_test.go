package wire

import (
	"encoding/json"
	"testing"
)

func TestPayloadRoundTrip(t *testing.T) {
	for _, c := range []struct {
		p     Payload
		size  int
		extra string
	}{
		{Payload{0, 0, 0}, 0, ""},
		{Payload{1234567890123, 42, 7}, 128, ""},
		{Payload{9e15, 1<<32 - 1, 1<<32 - 1}, 64, ""},
		{Payload{5, 6, 7}, 0, `{"price":167.4100}`},
	} {
		text := AppendPayload(nil, c.p, c.size, c.extra)
		if !json.Valid(text) {
			t.Errorf("%s is not JSON", text)
		}
		if c.size > 60 && len(text) != c.size {
			t.Errorf("%d bytes, want %d: %s", len(text), c.size, text)
		}
		if got, ok := ParsePayload(text); !ok || got != c.p {
			t.Errorf("%s: %+v %v, want %+v", text, got, ok, c.p)
		}
	}
}

func TestParsePayloadInAnotherOrder(t *testing.T) {
	got, ok := ParsePayload([]byte(`{"pad":"x", "r":3, "n":1.0, "t":2e9}`))
	if want := (Payload{2_000_000_000, 1, 3}); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
}

func TestParsePayloadRefuses(t *testing.T) {
	for _, text := range []string{``, `null`, `7`, `{}`, `{"t":1,"n":2}`, `{"t":"1","n":2,"r":3}`, `{"t":-1,"n":2,"r":3}`, `{"t":1,"n":2,"r":3`} {
		if got, ok := ParsePayload([]byte(text)); ok {
			t.Errorf("%s was read as %+v", text, got)
		}
	}
}
