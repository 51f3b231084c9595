package wire

import (
	"encoding/json"
	"testing"
)

func TestParseExt(t *testing.T) {
	for text, want := range map[string]Ext{
		``:                                 {},
		`7`:                                {},
		`{}`:                               {},
		`{"ack":true,"replay":true}`:       {Acknowledges: true, Replays: true},
		`{"ack":{"enabled":true}}`:         {Acknowledges: true},
		`{"ack":false,"replay":false}`:     {},
		`{"ack":7}`:                        {Ack: 7},
		`{"dropped":{"/a":3,"*":4}}`:       {Gap: true, Dropped: 7},
		`{"dropped":1}`:                    {Gap: true},
		`{"x":[{}],"dropped":{},"ack":12}`: {Gap: true, Ack: 12},
		`{"dropped":{"/a":`:                {},
	} {
		if got := ParseExt([]byte(text)); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

func TestWishes(t *testing.T) {
	for _, c := range []struct {
		wishes                        Wishes
		handshake, subscribe, connect string
	}{
		{Wishes{}, "", "", ""},
		{Wishes{Acknowledge: true}, `{"ack":true}`, "", `{"ack":5}`},
		{Wishes{Replay: true}, `{"replay":true}`, `{"replay":-1}`, ""},
		{Wishes{Interval: 500}, "", `{"conflate":{"interval":500}}`, ""},
		{Wishes{true, true, 500}, `{"ack":true,"replay":true}`, `{"replay":-1,"conflate":{"interval":500}}`, `{"ack":5}`},
	} {
		for got, want := range map[string]string{c.wishes.Handshake(): c.handshake, c.wishes.Subscribe(): c.subscribe, c.wishes.Connect(5): c.connect} {
			if got != want || got != "" && !json.Valid([]byte(got)) {
				t.Errorf("%+v: %s, want %s", c.wishes, got, want)
			}
		}
	}
}

func TestReplayIDs(t *testing.T) {
	messages, err := readAll(`[{"channel":"/a","replayId":17,"data":1},{"channel":"/a","data":{"replayId":3}},{"channel":"/a","replayId":"x","data":1}]`)
	if err != nil || len(messages) != 3 || messages[0].ReplayID != 17 || messages[1].ReplayID+messages[2].ReplayID != 0 {
		t.Errorf("%+v, %v", messages, err)
	}
}
