package client

import (
	"halley/bench/faulty"
	"halley/bench/wire"
	"strings"
	"testing"
	"time"
)

// A server that does not know an extension does not get away with silence.
func TestExtensionsAreConfirmed(t *testing.T) {
	for want, wishes := range map[string]wire.Wishes{
		"does not confirm the acknowledge extension": {Acknowledge: true},
		"does not confirm the replay extension":      {Replay: true},
	} {
		server := faulty.Start(time.Second, faulty.Faults{NoExtensions: true})
		config := sampleConfig(server.URL())
		config.Habits.Wishes = wishes
		r := startRig(t, config)
		r.fleet.Ramp(1, 0)
		p := r.until("a refusal", func(p Progress) bool { return p.Faults.Protocol > 0 })
		if p.Held != 0 || !strings.Contains(p.Faults.First, want) {
			t.Errorf("%d held, faults %+v, want %q", p.Held, p.Faults, want)
		}
		server.Close()
	}
}

// message is the only one of a batch.
func message(t *testing.T, text string) (m wire.Message) {
	t.Helper()
	batch := wire.NewBatch([]byte(text))
	if !batch.Next(&m) {
		t.Fatalf("%s: %v", text, batch.Err())
	}
	return m
}

// A reply is known by its channel, and over a websocket by its id as well.
func TestAnswersAreRecognised(t *testing.T) {
	lp, ws := &kind{style: wire.LongPolling}, &kind{style: wire.WebSocket}
	for _, c := range []struct {
		kind *kind
		what request
		text string
		want bool
	}{
		{lp, handshake, `{"channel":"/meta/handshake","successful":true}`, true},
		{lp, subscribe, `{"channel":"/meta/subscribe","successful":true}`, true},
		{lp, handshake, `{"channel":"/meta/subscribe","successful":true}`, false},
		{lp, heartbeat, `{"channel":"/meta/connect","successful":true}`, true},
		{lp, publish, `{"channel":"/bench","successful":true}`, true},
		{lp, publish, `{"channel":"/meta/connect","successful":true}`, false},
		{ws, connect, `{"channel":"/meta/connect","id":"7","successful":true}`, true},
		{ws, connect, `{"channel":"/meta/connect","id":"6","successful":true}`, false},
		{ws, connect, `{"channel":"/meta/connect","successful":true}`, false},
	} {
		e, m := exchange{what: c.what, kind: c.kind, id: 7}, message(t, c.text)
		if e.answers(&m) != c.want {
			t.Errorf("%s answers request %d over %v: %v", c.text, c.what, c.kind.style, !c.want)
		}
	}
}

// All messages of a request must succeed, and 402 calls for a handshake even without advice.
func TestOutcomesAddUp(t *testing.T) {
	const yes, no = `{"channel":"/meta/x","successful":true,"clientId":"c"}`, `{"channel":"/meta/x","successful":false,"error":"402::unknown"}`
	const wait = `{"channel":"/meta/x","successful":false,"error":"402::unknown","advice":{"reconnect":"retry","interval":9}}`
	for _, c := range []struct {
		replies   []string
		good      bool
		reconnect wire.Reconnect
	}{
		{[]string{yes}, true, wire.Unset}, {[]string{yes, yes}, true, wire.Unset}, {[]string{yes, no}, false, wire.Handshake},
		{[]string{no, yes}, false, wire.Handshake}, {[]string{wait}, false, wire.Retry},
	} {
		o := outcome{advice: unadvised()}
		for n, text := range c.replies {
			m := message(t, text)
			o.add(publish, &m, n)
		}
		if !o.answered || o.successful != c.good || o.advice.Reconnect != c.reconnect || c.good == (o.problem != "") || c.good == (len(o.refused) > 0) {
			t.Errorf("%q: %+v", c.replies, o)
		}
	}
}
