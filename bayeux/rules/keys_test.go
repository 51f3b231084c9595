package rules

import (
	"fmt"
	"testing"

	"halley/bayeux/event"
)

// A key is that of its event and field, whatever was read before.
func TestKeys(t *testing.T) {
	var keys Keys
	one, other := event.New([]byte("/a"), []byte(`{"symbol":"X","n":1.10}`), false), event.New([]byte("/a"), []byte(`{"symbol":"Y"}`), false)
	for _, c := range []struct {
		event event.Event
		field string
		key   string
	}{
		{one, "symbol", `/a "X"`}, {other, "symbol", `/a "Y"`}, {one, "symbol", `/a "X"`}, {one, "n", "/a 1.10"}, {one, "", "/a"},
		{one, "missing", "/a"}, {other, "n", "/a"}, {event.New([]byte("/b"), nil, false), "symbol", "/b"}, {event.New([]byte("/b"), []byte(`"X"`), false), "symbol", "/b"},
	} {
		for range 2 {
			if got, _ := keys.Of(c.event, c.field); string(got) != c.key {
				t.Errorf("%s by %q: key %s, want %s", c.event, c.field, got, c.key)
			}
		}
	}
}

// An event is read once for all of its subscribers, and not at all without a field.
func TestKeysReadAnEventOnce(t *testing.T) {
	var keys Keys
	e := event.New([]byte("/a"), fmt.Appendf(nil, `{"text":"%1000d","symbol":"X"}`, 1), false)
	for i, want := range []int{len(e.Data()), 0, 0} {
		if _, read := keys.Of(e, "symbol"); read != want {
			t.Errorf("time %d: %d bytes read, want %d", i, read, want)
		}
	}
	if _, read := keys.Of(e, ""); read != 0 {
		t.Errorf("%d bytes read for a key without a field", read)
	}
	keys.Of(e, "symbol")
	if keys.Forget(); keys.event != "" {
		t.Error("the event is kept")
	}
	if key, read := keys.Of(e, "symbol"); read == 0 || string(key) != `/a "X"` {
		t.Errorf("key %s after %d bytes", key, read)
	}
}
