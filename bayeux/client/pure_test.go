package client

import (
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	tests := []struct {
		pattern, channel string
		want             bool
	}{
		{"/a", "/a", true}, {"/a", "/b", false}, {"/a", "/a/b", false},
		{"/a/*", "/a/b", true}, {"/a/*", "/a/b/c", false}, {"/a/*", "/a", false}, {"/a/*", "/a/", false},
		{"/a/**", "/a/b", true}, {"/a/**", "/a/b/c", true}, {"/a/**", "/a", false}, {"/a/**", "/ab", false},
		{"/**", "/a/b", true}, {"/**", "/meta/connect", false}, {"/**", "/service/x", false}, {"/*", "/a", true},
		{"/service/x", "/service/x", true}, {"/a/b*", "/a/bc", false}, {"/a/b*", "/a/b*", true}, {"x", "y", false},
	}
	for _, tt := range tests {
		if got := Matches(tt.pattern, tt.channel); got != tt.want {
			t.Errorf("Matches(%q, %q) = %v", tt.pattern, tt.channel, got)
		}
	}
}

func TestParseError(t *testing.T) {
	tests := []struct {
		field string
		want  BayeuxError
		text  string
	}{
		{"402::session_unknown", BayeuxError{402, "", "session_unknown"}, "402::session_unknown"},
		{"403:a,b:x:y", BayeuxError{403, "a,b", "x:y"}, "403:a,b:x:y"},
		{"404:gone", BayeuxError{404, "", "gone"}, "404::gone"},
		{"no form", BayeuxError{0, "", "no form"}, "no form"},
		{"12:a:b", BayeuxError{0, "", "12:a:b"}, "12:a:b"},
		{"", BayeuxError{0, "", "refused without a reason"}, "refused without a reason"},
	}
	for _, tt := range tests {
		got := parseError(tt.field)
		if *got != tt.want || got.Error() != tt.text {
			t.Errorf("parseError(%q) = %#v %q", tt.field, *got, got.Error())
		}
	}
}

func TestParseAdvice(t *testing.T) {
	tests := []struct {
		raw  string
		want Advice
	}{
		{`{}`, Advice{Retry, 0, time.Minute, 0}},
		{`{"reconnect":"none","interval":2000,"timeout":30000,"maxInterval":15000}`, Advice{None, 2 * time.Second, 30 * time.Second, 15 * time.Second}},
		{`{"reconnect":"handshake","multiple-clients":true,"interval":1.5}`, Advice{Rehandshake, 1500 * time.Microsecond, time.Minute, 0}},
		{`{"reconnect":"sideways","interval":-1,"timeout":"x","maxInterval":null}`, Advice{Retry, 0, time.Minute, 0}},
		{`{"reconnect":5,"interval":1e300}`, Advice{Retry, time.Hour, time.Minute, 0}},
		{`[1]`, Advice{Retry, 0, time.Minute, 0}},
	}
	for _, tt := range tests {
		if got := parseAdvice([]byte(tt.raw)); got != tt.want {
			t.Errorf("parseAdvice(%s) = %+v, want %+v", tt.raw, got, tt.want)
		}
	}
	if got := (Advice{Timeout: 3, Interval: 2, MaxInterval: 1}).lifetime(); got != 6 {
		t.Errorf("lifetime() = %d", got)
	}
	if got := (Advice{Timeout: 3}).lifetime(); got != 0 {
		t.Errorf("lifetime() without maxInterval = %d", got)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{min: time.Second, max: 10 * time.Second}
	for _, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		if got := b.next(0); got != want*time.Second {
			t.Errorf("next(0) = %v, want %v", got, want*time.Second)
		}
	}
	for range 100 {
		if got := b.next(0.5); got != 7500*time.Millisecond {
			t.Fatalf("next(0.5) = %v", got)
		}
	}
	b.reset()
	if got := b.next(0); got != time.Second {
		t.Errorf("next after reset = %v", got)
	}
}

func TestDecodeKeepsData(t *testing.T) {
	for _, data := range []string{"null", "0", "false", `""`, "1.10", "12345678901234567890", `{"a" : [1e3]}`, `"\ud800 < \u2028"`} {
		got, err := decode([]byte(` {"channel":"/a","data":` + data + `,"id":7}`))
		if err != nil || len(got) != 1 || string(got[0].Data) != data || got[0].ID != "7" {
			t.Errorf("decode %s: %+v %v", data, got, err)
		}
	}
}

func TestAppendQuotes(t *testing.T) {
	r := request{Channel: `/a"b\` + "\n", Subscription: "é"}
	if got, want := string(r.append(nil, "3")), `{"id":"3","channel":"/a\"b\\\n","subscription":"é"}`; got != want {
		t.Errorf("append = %s, want %s", got, want)
	}
}

func TestInboxReplacesHandlers(t *testing.T) {
	b := newInbox()
	lane := b.newLane()
	b.use(lane)
	var got string
	register(b, "/a", func(Message) { got += "old" })
	register(b, "/a", func(Message) { got += "a" })
	register(b, "/*", func(Message) { got += "b" })
	b.table.remove("/none")
	<-b.put(lane, []Message{{Channel: "/a"}, {Channel: "/z"}, {Channel: "/x/y"}})
	b.table.remove("/*")
	<-b.put(lane, []Message{{Channel: "/a"}})
	if got != "abba" {
		t.Errorf("handlers called: %s", got)
	}
	<-b.settled()
}

func register(b *inbox, pattern string, h Handler) {
	b.table.set(registration{pattern: pattern, handler: h})
}
