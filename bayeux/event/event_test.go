package event

import (
	"encoding/json"
	"testing"
)

// What is read out of an event is what it was made of, in each of its forms.
func TestForms(t *testing.T) {
	const at = 1_380_000_000_123 // 2013-09-24T05:20:00.123Z
	for _, tt := range []struct {
		event       Event
		text        string
		channel     string
		topic, data string
		id          int64
	}{
		{event: New([]byte("/a"), []byte(`1.10`), false), text: `{"channel":"/a","data":1.10}`, channel: "/a", topic: "/a", data: "1.10"},
		{event: New([]byte("/a"), nil, false), text: `{"channel":"/a"}`, channel: "/a", topic: "/a"},
		{event: New([]byte("/a"), nil, true), text: `{"channel":"/a","ext":{"binary":{}}}`, channel: "/a", topic: "/a"},
		{event: New([]byte("/a"), []byte(`"AA"`), true), text: `{"channel":"/a","data":"AA","ext":{"binary":{}}}`,
			channel: "/a", topic: "/a", data: `"AA","ext":{"binary":{}}`},
		{event: New([]byte("/a"), nil, false), text: `{"channel":"/a"}`, channel: "/a", topic: "/a"},
		{event: New([]byte("/a"), []byte(`{"data":2}`), false).Numbered(17), text: `{"channel":"/a","replayId":17,"data":{"data":2}}`,
			channel: "/a", topic: "/a", data: `{"data":2}`, id: 17},
		{event: New([]byte("/a"), nil, false).Numbered(1<<62 + 1), text: `{"channel":"/a","replayId":4611686018427387905}`, channel: "/a", topic: "/a", id: 1<<62 + 1},
		{event: New([]byte("/a"), []byte(`2`), false).Stamped(at), text: `{"channel":"/a","data":2,"timestamp":"2013-09-24T05:20:00.12"}`,
			channel: "/a", topic: "/a", data: `2,"timestamp":"2013-09-24T05:20:00.12"`},
		{event: New([]byte("/topic/A"), []byte(`3`), false).Numbered(5).Filtered("?x='1'"), text: `{"channel":"/topic/A?x='1'","replayId":5,"data":3}`,
			channel: "/topic/A?x='1'", topic: "/topic/A", data: `3`, id: 5},
	} {
		e := tt.event
		if string(e) != tt.text || !json.Valid([]byte(e)) {
			t.Errorf("got %s, want %s", e, tt.text)
		}
		if e.Channel() != tt.channel || e.Topic() != tt.topic || e.Data() != tt.data || e.ID() != tt.id || ID([]byte(e)) != tt.id {
			t.Errorf("%s: channel %s, topic %s, data %s, number %d", e, e.Channel(), e.Topic(), e.Data(), e.ID())
		}
	}
}

// Data that looks like a field of the event is none.
func TestDataIsNoNumber(t *testing.T) {
	if e := New([]byte("/a"), []byte(`{"x":"\",\"replayId\":9"}`), false); e.ID() != 0 {
		t.Errorf("%s has the number %d", e, e.ID())
	}
}

func TestBinary(t *testing.T) {
	for ext, want := range map[string]bool{"": false, `{}`: false, `{"binary":{}}`: true, `{"binary":true}`: true,
		`{"binary":false}`: false, `{"binary":null}`: false, `{"other":{}}`: false} {
		if got := Binary([]byte(ext)); got != want {
			t.Errorf("%s: %t", ext, got)
		}
	}
}

// An event is made in one allocation, and read in none.
func TestAllocations(t *testing.T) {
	channel, data := []byte("/stock/IBM"), []byte(`{"price":167.41}`)
	var e Event
	if n := testing.AllocsPerRun(100, func() { e = New(channel, data, true) }); n != 1 {
		t.Errorf("%v allocations", n)
	}
	e = e.Numbered(7)
	sum := 0
	if n := testing.AllocsPerRun(100, func() { sum += len(e.Channel()) + len(e.Topic()) + len(e.Data()) + int(e.ID()) }); n != 0 {
		t.Errorf("%v allocations to read %d", n, sum)
	}
}
