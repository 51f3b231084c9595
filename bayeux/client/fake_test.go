package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), // gnet starts a pool with its package, whose workers rest for a while
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*goWorker).run.func1"))
}

// fake is a Bayeux server that follows a script: each request takes the next
// step of its first message's channel. The last step of a channel repeats.
type fake struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex
	steps map[string][]step
	log   []string // bodies as received
	seen  chan string

	socket func(*peer)                              // serves a websocket; nil answers 403
	stream func(http.ResponseWriter, *http.Request) // serves an event-stream; nil answers 404
}

// step is one answer. In reply, $1, $2 … stand for the raw ids of the messages
// of the request, $body for nothing special.
type step struct {
	status int
	reply  string
	hold   <-chan struct{} // answer when it is closed
	cut    bool            // close the connection instead of an answer
	then   func()          // called before the answer
}

const (
	okHandshake = `[{"channel":"/meta/handshake","id":$1,"successful":true,"clientId":"c1","version":"1.0",
		"supportedConnectionTypes":["long-polling"],"advice":{"reconnect":"retry","interval":0,"timeout":30000}}]`
	okConnect = `[{"channel":"/meta/connect","id":$1,"successful":true}]`
	okSub     = `[{"channel":"/meta/subscribe","id":$1,"successful":true,"subscription":"x"}]`
	lost      = `[{"channel":"/meta/connect","id":$1,"successful":false,"error":"402::session_unknown",
		"advice":{"reconnect":"handshake","interval":0}}]`
)

// newFake starts a server with a script by channel.
func newFake(t *testing.T, script map[string][]step) *fake {
	f := &fake{t: t, steps: script, seen: make(chan string, 1000)}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Server.Close)
	return f
}

// ServeHTTP plays one step.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Upgrade") == "websocket":
		f.upgrade(w, r)
		return
	case r.Method == http.MethodGet:
		f.openStream(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var messages []struct {
		Channel string          `json:"channel"`
		ID      json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(body, &messages); err != nil || len(messages) == 0 {
		f.t.Errorf("request body %q: %v", body, err)
		return
	}
	s := f.next(messages[0].Channel, string(body))
	f.seen <- messages[0].Channel
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-r.Context().Done():
			return
		}
	}
	if s.then != nil {
		s.then()
	}
	if s.cut {
		panic(http.ErrAbortHandler)
	}
	reply := s.reply
	for i := len(messages); i > 0; i-- {
		reply = strings.ReplaceAll(reply, fmt.Sprintf("$%d", i), string(messages[i-1].ID))
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
	}
	io.WriteString(w, reply)
}

// next takes a step of a channel.
func (f *fake) next(channel, body string) step {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, body)
	s := f.steps[channel]
	if len(s) == 0 {
		f.t.Errorf("no step for %s", channel)
		return step{status: http.StatusTeapot}
	}
	if len(s) > 1 {
		f.steps[channel] = s[1:]
	}
	return s[0]
}

// bodies gives the requests so far whose body contains a text.
func (f *fake) bodies(with string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, b := range f.log {
		if strings.Contains(b, with) {
			list = append(list, b)
		}
	}
	return list
}

// client makes a client of the fake that hurries.
func (f *fake) client(o Options) *Client {
	f.t.Helper()
	if o.MinBackoff == 0 {
		o.MinBackoff, o.MaxBackoff = time.Millisecond, 5*time.Millisecond
	}
	c, err := New(f.URL+"/bayeux", o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(c.Close)
	return c
}

// testContext ends a test that hangs.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// deadline bounds the waits of these tests; it is long because machines are busy.
const deadline = time.Minute

// await takes what comes from a channel.
func await[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(deadline):
		t.Errorf("waited in vain: %s", what)
	}
	return v
}

// run starts Run and returns a function that waits for its result.
func run(ctx context.Context, c *Client) func() error {
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	return func() error { return <-done }
}
