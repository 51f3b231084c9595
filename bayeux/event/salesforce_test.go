package event

import (
	"encoding/json"
	"testing"
)

func TestForSalesforce(t *testing.T) {
	const at = 1_380_000_000_123 // 2013-09-24T05:20:00.123Z
	const mark = `"createdDate":"2013-09-24T05:20:00.123Z","replayId":7`
	for _, tt := range []struct{ data, want string }{
		{`{"price":1.10}`, `{"event":{` + mark + `},"price":1.10}`},
		{`{}`, `{"event":{` + mark + `}}`},
		{"{ \n}", `{"event":{` + mark + "} \n}"},
		{`{"a":{"event":1},"b":"}"}`, `{"event":{` + mark + `},"a":{"event":1},"b":"}"}`},
		{`{"event":{"type":"created"},"sobject":{}}`, `{"event":{` + mark + `,"type":"created"},"sobject":{}}`},
		{`{"x":1, "event": {}}`, `{"x":1, "event": {` + mark + `}}`},
		// A recorded event that is published again gets its number here.
		{`{"event":{"replayId":99,"type":"a\"b","createdDate":"x"},"y":[2]}`, `{"event":{` + mark + `,"type":"a\"b"},"y":[2]}`},
		{`{"event":{"replayId":1},"event":{"replayId":2}}`, `{"event":{"replayId":1},"event":{` + mark + `}}`},
		{`{"event":"mine"}`, `{"event":"mine"}`},
		{`{"event":null}`, `{"event":null}`},
		{`[1]`, `[1]`},
		{`"text"`, `"text"`},
	} {
		e := New([]byte("/topic/X"), []byte(tt.data), true).ForSalesforce(7, at)
		want := `{"channel":"/topic/X","replayId":7,"data":` + tt.want + `,"ext":{"binary":{}}}`
		if string(e) != want {
			t.Errorf("%s\n got %s\nwant %s", tt.data, e, want)
		}
		if !json.Valid([]byte(e)) || e.ID() != 7 || e.Channel() != "/topic/X" {
			t.Errorf("%s: number %d, channel %s", e, e.ID(), e.Channel())
		}
	}
	if e := New([]byte("/a"), nil, false).ForSalesforce(7, at); e != `{"channel":"/a","replayId":7}` {
		t.Errorf("without data: %s", e)
	}
}
