package reply

import (
	"encoding/json"
	"testing"
)

const now = 1_380_000_000_123 // 2013-09-24T05:20:00.123Z

// checked closes the object of a reply and compares it.
func checked(t *testing.T, got []byte, want string) {
	t.Helper()
	got = append(got, '}')
	if string(got) != want || !json.Valid(got) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestFieldsOfEveryReply(t *testing.T) {
	plain, stamped := Terms{}, Terms{Timestamp: true}
	channel, id := []byte("/meta/subscribe"), []byte(`"7"`)
	checked(t, plain.Append(nil, now, channel, id, Success), `{"channel":"/meta/subscribe","successful":true,"id":"7"}`)
	checked(t, plain.Append(nil, now, channel, nil, SubscribeMeta),
		`{"channel":"/meta/subscribe","successful":false,"error":"403:denied_by_security_policy:subscribe_denied"}`)
	checked(t, plain.Append(nil, now, nil, id, ChannelMissing), `{"successful":false,"error":"400::channel_missing","id":"7"}`)
	checked(t, plain.Append(nil, now, []byte(`/"`), nil, Code{400, "", `a "b"`}), `{"channel":"/\"","successful":false,"error":"400::a \"b\""}`)
	checked(t, stamped.Append(nil, now, channel, nil, Success), `{"channel":"/meta/subscribe","successful":true,"timestamp":"2013-09-24T05:20:00.12"}`)
}

func TestUnknownSession(t *testing.T) {
	if got := (&Terms{}).Unknown(); got != SessionUnknown {
		t.Error(got)
	}
	if got := (&Terms{Salesforce: true}).Unknown(); got.String() != "403::Unknown client" {
		t.Error(got)
	}
}

// What is sent whole is JSON.
func TestMessagesThatAreAlwaysTheSame(t *testing.T) {
	for _, text := range []string{Disconnected, string(AppendLastConnect(nil, Success, AdviceNone)), AdviceHandshake, AdviceNone, AdviceFull, AdviceDamped} {
		if !json.Valid([]byte(text)) {
			t.Error(text)
		}
	}
}

// A reply that succeeds takes no memory of its own.
func TestReplyTakesNoMemory(t *testing.T) {
	terms, dst := Terms{Hold: 30_000, Timestamp: true, Hosts: []string{"a"}}, make([]byte, 0, 1000)
	channel, id := []byte("/meta/connect"), []byte("1")
	if n := testing.AllocsPerRun(100, func() {
		dst = terms.AppendRetry(terms.Append(dst[:0], now, channel, id, Success), 0, false)
		e := Ext{Dst: dst}
		e.Ack(7)
		dst = e.End()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
