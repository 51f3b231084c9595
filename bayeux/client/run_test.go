package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// collect is a handler that keeps what it is given.
type collect struct {
	mu  sync.Mutex
	got []string
	c   chan string
}

func newCollect() *collect { return &collect{c: make(chan string, 1000)} }

func (k *collect) handle(m Message) {
	k.mu.Lock()
	k.got = append(k.got, string(m.Data))
	k.mu.Unlock()
	k.c <- string(m.Data)
}

func (k *collect) wait(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-k.c:
		if got != want {
			t.Fatalf("delivered %s, want %s", got, want)
		}
	case <-time.After(deadline):
		t.Fatalf("%s was not delivered", want)
	}
}

func delivery(channel string, data ...string) string {
	var b strings.Builder
	for _, d := range data {
		fmt.Fprintf(&b, `{"channel":%q,"data":%s},`, channel, d)
	}
	return `[` + b.String() + okConnect[1:]
}

func TestRunDeliversInOrderUntilDisconnect(t *testing.T) {
	release := make(chan struct{})
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/meta/subscribe": {{reply: okSub}},
		"/meta/connect": {
			{reply: okConnect},
			{reply: delivery("/stock/SPY", "167.1000", `"b"`)},
			{reply: delivery("/stock/IBM", "null", "3")},
			{hold: release, reply: `[{"channel":"/meta/connect","id":$1,"successful":true,"advice":{"reconnect":"none"}}]`},
		},
		"/meta/disconnect": {{reply: `[{"channel":"/meta/disconnect","id":$1,"successful":true}]`, then: func() { close(release) }}},
	})
	c, ctx, k := f.client(Options{}), testContext(t), newCollect()
	if err := c.Subscribe(ctx, "/stock/*", k.handle); err != nil {
		t.Fatal(err)
	}
	wait := run(ctx, c)
	for _, want := range []string{"167.1000", `"b"`, "null", "3"} {
		k.wait(t, want)
	}
	if err := c.Run(ctx); !errors.Is(err, ErrRunning) {
		t.Errorf("second Run() = %v", err)
	}
	if err := c.Disconnect(ctx); err != nil {
		t.Fatal(err)
	}
	if err := wait(); err != nil {
		t.Errorf("Run() = %v", err)
	}
	for _, err := range []error{c.Run(ctx), c.Handshake(ctx)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("after Disconnect: %v", err)
		}
	}
	connects := f.bodies("/meta/connect")
	for i, body := range connects {
		if got := strings.Contains(body, `"advice":{"timeout":0}`); got != (i == 0) {
			t.Errorf("connect %d: %s", i, body)
		}
	}
}

func TestRunHandshakesAfterRestart(t *testing.T) {
	second := strings.ReplaceAll(okHandshake, `"c1"`, `"c2"`)
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}, {reply: second}},
		"/meta/subscribe": {
			{reply: `[{"channel":"/meta/subscribe","id":$1,"successful":true},{"channel":"/meta/subscribe","id":$2,"successful":true}]`},
			{reply: `[{"channel":"/meta/subscribe","id":$1,"successful":true},{"channel":"/meta/subscribe","id":$2,"successful":false,"error":"403::no"}]`},
		},
		"/meta/connect": {{reply: okConnect}, {reply: lost}, {reply: delivery("/a", "1")}, {hold: make(chan struct{})}},
	})
	var refused []error
	ctx, cancel := context.WithCancel(testContext(t))
	c, k := f.client(Options{OnError: func(err error) { refused = append(refused, err) }}), newCollect()
	c.Subscribe(ctx, "/a", k.handle)
	c.Subscribe(ctx, "/b", k.handle)
	wait := run(ctx, c)
	k.wait(t, "1")
	cancel()
	if err := wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v", err)
	}
	if got := f.bodies(`"clientId":"c2","subscription":"/a"`); len(got) != 1 {
		t.Errorf("subscriptions of the second session: %q", got)
	}
	var sub *SubscriptionError
	if len(refused) != 2 || !isLost(refused[0]) || !errors.As(refused[1], &sub) || sub.Pattern != "/b" {
		t.Errorf("OnError had %v", refused)
	}
}

func TestRunSurvivesLostConnection(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{cut: true}, {status: 503}, {reply: okHandshake}},
		"/meta/connect":   {{reply: okConnect}, {cut: true}, {status: 502, reply: "gateway"}, {reply: okConnect}, {reply: delivery("/a", "1")}, {hold: make(chan struct{})}},
		"/meta/subscribe": {{reply: okSub}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	var failures int
	c, k := f.client(Options{OnError: func(error) { failures++ }}), newCollect()
	c.Subscribe(ctx, "/a", k.handle)
	wait := run(ctx, c)
	k.wait(t, "1")
	cancel()
	wait()
	if failures != 4 {
		t.Errorf("%d failures reported, want 4", failures)
	}
	if got := f.bodies("/meta/handshake"); len(got) != 3 {
		t.Errorf("%d handshakes: the session outlives its connections", len(got))
	}
	// The first of a session and the first after a failure are not held.
	if got := f.bodies(`"timeout":0`); len(got) != 3 {
		t.Errorf("%d connects with timeout 0, want 3", len(got))
	}
}

func TestRunEndsOnAdviceNone(t *testing.T) {
	const none = `"advice":{"reconnect":"none"}`
	tests := []struct{ name, channel, reply, want string }{
		{"handshake refused", "/meta/handshake", `[{"channel":"/meta/handshake","id":$1,"successful":false,"error":"403::denied",` + none + `}]`, "403::denied"},
		{"connect refused", "/meta/connect", `[{"channel":"/meta/connect","id":$1,"successful":false,"error":"401::token expired",` + none + `}]`, "401::token expired"},
		{"session ended", "/meta/connect", `[{"channel":"/meta/disconnect","successful":true},{"channel":"/meta/connect","id":$1,"successful":true,` + none + `}]`, "ended the session"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script := map[string][]step{"/meta/handshake": {{reply: okHandshake}}}
			script[tt.channel] = []step{{reply: tt.reply}}
			err := newFake(t, script).client(Options{}).Run(testContext(t))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Run() = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestRunObeysReconnectHandshakeOnSuccess(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/meta/connect":   {{reply: `[{"channel":"/meta/connect","id":$1,"successful":true,"advice":{"reconnect":"handshake","interval":1}}]`}, {reply: okConnect}, {hold: make(chan struct{})}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	wait := run(ctx, f.client(Options{}))
	for _, want := range []string{"/meta/handshake", "/meta/connect", "/meta/handshake", "/meta/connect", "/meta/connect"} {
		if got := await(t, f.seen, want); got != want {
			t.Fatalf("request for %s, want %s", got, want)
		}
	}
	cancel()
	wait()
}

func TestRunHandshakesWhenSessionMustHaveExpired(t *testing.T) {
	brief := `[{"channel":"/meta/connect","id":$1,"successful":true,"advice":{"reconnect":"retry","interval":0,"timeout":1,"maxInterval":1}}]`
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/meta/connect":   {{reply: brief}, {cut: true}, {reply: okConnect}, {hold: make(chan struct{})}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	f.steps["/meta/connect"][1].then = func() { time.Sleep(5 * time.Millisecond) }
	wait := run(ctx, f.client(Options{}))
	for _, want := range []string{"/meta/handshake", "/meta/connect", "/meta/connect", "/meta/handshake", "/meta/connect"} {
		if got := await(t, f.seen, want); got != want {
			t.Fatalf("request for %s, want %s", got, want)
		}
	}
	cancel()
	wait()
}

func TestSubscribeLeavesLostSessionToRun(t *testing.T) {
	release := make(chan struct{})
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/meta/connect":   {{hold: release, reply: lost}, {hold: make(chan struct{})}},
		"/meta/subscribe": {{reply: `[{"channel":"/meta/subscribe","id":$1,"successful":false,"error":"402::session_unknown"}]`}, {reply: okSub}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	c := f.client(Options{})
	wait := run(ctx, c)
	await(t, f.seen, "a request")
	await(t, f.seen, "a request") // the connect is held
	if err := c.Subscribe(ctx, "/a", func(Message) {}); err != nil {
		t.Errorf("Subscribe() = %v", err)
	}
	close(release)
	for range 4 { // subscribe, handshake, subscribe, connect
		await(t, f.seen, "a request")
	}
	if got := f.bodies(`"subscription":"/a"`); len(got) != 2 {
		t.Errorf("subscribed %d times, want 2", len(got))
	}
	cancel()
	wait()
}

func TestReplyThatNeverComes(t *testing.T) {
	f := newFake(t, map[string][]step{"/meta/handshake": {{hold: make(chan struct{})}}})
	err := f.client(Options{NetworkDelay: 20 * time.Millisecond}).Handshake(testContext(t))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Handshake() = %v", err)
	}
}

func TestDisconnectDuringBackoffEndsRun(t *testing.T) {
	f := newFake(t, map[string][]step{"/meta/handshake": {{status: 500}}})
	failed := make(chan struct{}, 1)
	c := f.client(Options{MinBackoff: time.Hour, MaxBackoff: time.Hour, OnError: func(error) { failed <- struct{}{} }})
	wait := run(testContext(t), c)
	await(t, failed, "the failure")
	for range 2 {
		if err := c.Disconnect(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if err := wait(); err != nil {
		t.Errorf("Run() = %v", err)
	}
}
