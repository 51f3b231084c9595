package client

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

const (
	okExtended = `[{"channel":"/meta/handshake","id":$1,"successful":true,"clientId":"c1","version":"1.0",
		"supportedConnectionTypes":["long-polling"],"ext":{"ack":true,"replay":true},"advice":{"reconnect":"retry","interval":0,"timeout":30000}}]`
	forgotten = `[{"channel":"/meta/subscribe","id":$1,"successful":false,"error":"400::The replayId {7} you provided was invalid"}]`
)

func TestHandshakeAsksForExtensions(t *testing.T) {
	for _, tt := range []struct {
		options Options
		want    string
	}{
		{Options{}, `null`},
		{Options{HandshakeExt: []byte(`{"token":"t"}`)}, `{"token":"t"}`},
		{Options{Acknowledge: true}, `{"ack":true}`},
		{Options{Replay: true, Acknowledge: true, HandshakeExt: []byte(`{"token": {"a":[1]}}`)}, `{"ack":true,"replay":true,"token":{"a":[1]}}`},
	} {
		f := newFake(t, map[string][]step{"/meta/handshake": {{reply: okHandshake}}})
		if err := f.client(tt.options).Handshake(testContext(t)); err != nil {
			t.Fatal(err)
		}
		var sent []struct {
			Ext any `json:"ext"`
		}
		if err := json.Unmarshal([]byte(f.bodies("/meta/handshake")[0]), &sent); err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(sent[0].Ext); string(got) != tt.want {
			t.Errorf("ext %s, want %s", got, tt.want)
		}
	}
}

func TestSubscribeOptions(t *testing.T) {
	f := newFake(t, map[string][]step{"/meta/handshake": {{reply: okExtended}}, "/meta/subscribe": {{reply: okSub}}})
	c, ctx, ignore := f.client(Options{Replay: true}), testContext(t), func(Message) {}
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]SubscribeOption{nil, {Since(Earliest)}, {Every(200 * time.Millisecond)}, {Since(7), Every(time.Microsecond)}} {
		if err := c.Subscribe(ctx, "/a/*", ignore, options...); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{`"/a/*"}`, `"/a/*","ext":{"replay":{"/a/*":-2}}}`, `"/a/*","ext":{"conflate":{"interval":200}}}`,
		`"/a/*","ext":{"replay":{"/a/*":7},"conflate":{"interval":1}}}`}
	for i, body := range f.bodies("/meta/subscribe") {
		if !strings.HasSuffix(body, want[i]+"]") {
			t.Errorf("%s\nwant it to end in %s", body, want[i])
		}
	}
	if err := f.client(Options{}).Subscribe(ctx, "/a", ignore, Since(Tip)); err == nil {
		t.Error("Since without Replay is accepted")
	}
}

func TestForgottenCursor(t *testing.T) {
	for policy, want := range map[Forgotten]string{ForgottenEarliest: ":-2}", ForgottenTip: ":-1}", ForgottenFails: ""} {
		f := newFake(t, map[string][]step{
			"/meta/handshake": {{reply: okExtended}},
			"/meta/subscribe": {{reply: forgotten}, {reply: okSub}, {reply: forgotten}, {reply: okSub}},
		})
		var reported []error
		c := f.client(Options{Replay: true, Forgotten: policy, OnError: func(err error) { reported = append(reported, err) }})
		ctx := testContext(t)
		if err := c.Handshake(ctx); err != nil {
			t.Fatal(err)
		}
		err := c.Subscribe(ctx, "/a", func(Message) {}, Since(7))
		bodies := f.bodies("/meta/subscribe")
		if policy == ForgottenFails {
			var refusal *BayeuxError
			if !errors.As(err, &refusal) || refusal.Code != 400 || len(bodies) != 1 {
				t.Errorf("fails: %v, %q", err, bodies)
			}
			continue
		}
		if err != nil || len(bodies) != 2 || !strings.Contains(bodies[1], want) {
			t.Errorf("policy %d: %v, %q", policy, err, bodies)
		}
		// The same after a new handshake, when nobody else tells of the loss.
		if err := c.Handshake(ctx); err != nil || len(reported) != 1 || !errors.As(reported[0], new(*DroppedError)) {
			t.Errorf("policy %d: %v, %v", policy, err, reported)
		}
		if bodies := f.bodies("/meta/subscribe"); len(bodies) != 4 || !strings.Contains(bodies[3], want) {
			t.Errorf("policy %d: %q", policy, bodies)
		}
	}
}

func numbered(channel, id, data string) string {
	return `{"channel":"` + channel + `","replayId":` + id + `,"data":` + data + `}`
}

// After a lost reply the subscription is told where to go on, before the next
// connect, and what comes twice is handled once.
func TestResumeAfterLostReply(t *testing.T) {
	connectReply := `{"channel":"/meta/connect","id":$1,"successful":true}`
	hold := make(chan struct{})
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okExtended}},
		"/meta/subscribe": {{reply: okSub}, {reply: "[" + numbered("/a", "5", "5") + "," + numbered("/a", "6", "6") + "," + numbered("/a", "7", "7") +
			`,{"channel":"/meta/subscribe","id":$1,"successful":true},{"channel":"/meta/connect","id":$2,"successful":true}]`}},
		"/meta/connect": {{reply: "[" + numbered("/a", "5", "5") + "," + connectReply + "]"}, {cut: true}, {hold: hold}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	c, k := f.client(Options{Replay: true}), newCollect()
	if err := c.Subscribe(ctx, "/*", k.handle); err != nil {
		t.Fatal(err)
	}
	wait := run(ctx, c)
	for _, want := range []string{"5", "6", "7"} {
		k.wait(t, want)
	}
	cancel()
	if err := wait(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	bodies := f.bodies(`"replay":{"/*":5}`)
	if len(bodies) != 1 || !strings.Contains(bodies[0], `/meta/connect`) || !strings.Contains(bodies[0], `"timeout":0`) {
		t.Errorf("resumed with %q", bodies)
	}
}

// A new session goes on from the last message too, also where Salesforce has its
// number.
func TestResumeAfterLostSession(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okExtended}},
		"/meta/subscribe": {{reply: okSub}},
		"/meta/connect": {
			{reply: `[{"channel":"/a","data":{"event":{"replayId":41},"x":1}},{"channel":"/b","data":{"event":"other","replayId":99}},{"channel":"/meta/connect","id":$1,"successful":true}]`},
			{reply: lost}, {hold: make(chan struct{})},
		},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	c := f.client(Options{Replay: true})
	c.Subscribe(ctx, "/*", func(Message) {})
	wait := run(ctx, c)
	for len(f.bodies("/meta/connect")) < 3 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wait()
	bodies := f.bodies("/meta/subscribe")
	if len(bodies) != 2 || strings.Contains(bodies[0], "ext") || !strings.Contains(bodies[1], `"replay":{"/*":41}`) {
		t.Errorf("subscribed with %q", bodies)
	}
}

// Each connect tells the number of the last reply that came whole.
func TestAcknowledge(t *testing.T) {
	reply := func(n string) string {
		return `[{"channel":"/meta/connect","id":$1,"successful":true,"ext":{"ack":` + n + `}}]`
	}
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okExtended}, {reply: okHandshake}},
		"/meta/connect":   {{reply: reply("1")}, {reply: reply("2")}, {cut: true}, {reply: reply("3")}, {reply: lost}, {reply: okConnect}, {hold: make(chan struct{})}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	c := f.client(Options{Acknowledge: true})
	wait := run(ctx, c)
	for len(f.bodies("/meta/connect")) < 7 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wait()
	for i, want := range []string{"0", "1", "2", "2", "3", "", ""} { // the second server has it not
		body := f.bodies("/meta/connect")[i]
		if got := strings.Contains(body, `"ext":{"ack":`+want+"}"); got != (want != "") {
			t.Errorf("connect %d: %s, want %q", i, body, want)
		}
	}
}

func TestNumbersOfAnyForm(t *testing.T) {
	for raw, want := range map[string]int64{`12`: 12, `"12"`: 0, `1.5`: 0, `null`: 0, `{}`: 0, `-2`: -2, `99999999999999999999`: 0} {
		list, err := decode([]byte(`[{"channel":"/a","replayId":` + raw + `,"data":1}]`))
		if err != nil || int64(list[0].ReplayID) != want {
			t.Errorf("%s is %d (%v)", raw, list[0].ReplayID, err)
		}
	}
}
