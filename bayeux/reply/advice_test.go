package reply

import "testing"

func TestAdvice(t *testing.T) {
	terms := Terms{Hold: 30_000, Interval: 10, MaxInterval: 45_000}
	hosted := terms
	hosted.Hosts = []string{"a.example", `"b"`}
	const times = `"timeout":30000,"maxInterval":45000`
	for _, tt := range []struct {
		got  []byte
		want string
	}{
		{AppendAdvice([]byte(`{"a":1`), AdviceNone), `{"a":1,"advice":{"reconnect":"none"}}`},
		{terms.AppendRetry([]byte(`{"a":1`), 5, false), `{"a":1,"advice":{"reconnect":"retry","interval":5,` + times + `}}`},
		{terms.AppendRetry([]byte(`{"a":1`), 5, true), `{"a":1,"advice":{"reconnect":"retry","interval":5,` + times + `,"multiple-clients":true}}`},
		{terms.AppendWelcome([]byte(`{"a":1`)), `{"a":1,"advice":{"reconnect":"retry","interval":10,` + times + `}}`},
		{hosted.AppendWelcome([]byte(`{"a":1`)), `{"a":1,"advice":{"reconnect":"retry","interval":10,` + times + `,"hosts":["a.example","\"b\""]}}`},
		{terms.AppendHeartbeat([]byte(`{"a":1`)), `{"a":1,"advice":{"reconnect":"retry","interval":30000,"timeout":0,"maxInterval":45000}}`},
	} {
		checked(t, tt.got, tt.want)
	}
}

func TestAdviceOr(t *testing.T) {
	for advice, want := range map[Advice]string{
		{}:                     "usual",
		{Interval: 500}:        "usual",
		{Retry, 500}:           `{"reconnect":"retry","interval":500}`,
		{Reconnect: Handshake}: AdviceHandshake,
		{None, 500}:            AdviceNone,
	} {
		if got := advice.Or("usual"); got != want {
			t.Errorf("%+v: %s", advice, got)
		}
	}
}
