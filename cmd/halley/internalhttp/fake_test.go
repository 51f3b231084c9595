package internalhttp

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"halley/loop"
)

// fake is a backend that remembers what it was given.
type fake struct {
	mu      sync.Mutex
	got     []string
	err     error // of each call
	short   error
	reasons []string
	ended   string
	limit   int
	session string // its id; empty: s1
}

func (f *fake) Publish(batch []loop.Publication) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, p := range batch {
		if strings.HasPrefix(string(p.Channel), "/meta/") {
			return loop.ChannelError{Index: i, Reason: "meta channels are not broadcast"}
		}
	}
	if f.err != nil {
		return f.err
	}
	for _, p := range batch {
		f.got = append(f.got, fmt.Sprintf("%s %s", p.Channel, p.Data))
	}
	return nil
}

func (f *fake) KeyNeeded(name []byte) bool { return strings.HasPrefix(string(name), "/keyed/") }

func (f *fake) Attended(name []byte) bool { return strings.HasPrefix(string(name), "/chat/") }

func (f *fake) Short(int) error { return f.short }

func (f *fake) Channels(context.Context) ([]loop.ChannelInfo, error) {
	return []loop.ChannelInfo{{Channel: "/stock/*", Subscribers: 3}}, f.err
}

func (f *fake) Subscribers(_ context.Context, pattern string) (int, error) {
	return map[string]int{"/stock/*": 3}[pattern], f.err
}

func (f *fake) Sessions(_ context.Context, limit int) ([]loop.SessionInfo, error) {
	f.limit = limit
	return []loop.SessionInfo{{ID: cmp.Or(f.session, "s1"), ConnectionType: "long-polling", Held: true, Queued: 1, QueuedBytes: 20, Subscriptions: 2, Dropped: 4, AgeMs: 5}}, f.err
}

func (f *fake) Session(_ context.Context, id string) (*loop.SessionDetail, error) {
	if id != "s1" {
		return nil, f.err
	}
	var d loop.SessionDetail
	d.ID, d.State, d.Address, d.Patterns, d.InFlight = id, "polling", "127.0.0.1:9", []string{"/a"}, 1
	d.Claims = "claims of edmond"
	return &d, f.err
}

func (f *fake) Disconnect(_ context.Context, id string) (bool, error) {
	f.ended = id
	return id == "s1", f.err
}

func (f *fake) Unready() []string { return f.reasons }

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// rig is a listener in memory and a client of it.
type rig struct {
	*fake
	t        *testing.T
	client   http.Client
	listener *Listener
	socket   *fasthttputil.InmemoryListener
}

func newRig(t *testing.T, adjust func(*Options)) *rig {
	t.Helper()
	o := Options{
		Settings: Settings{
			Hosts:       []string{"halley"},
			Connections: 8,
			Timeout:     time.Minute,
			MaxPublish:  4096,
			DedupKeys:   3,
			DedupWindow: time.Hour,
		},
		MaxMessages: 256,
		MaxDepth:    8,
		Log:         discard(),
	}
	if adjust != nil {
		adjust(&o)
	}
	r := &rig{fake: &fake{}, t: t}
	l, socket := New(r.fake, o), fasthttputil.NewInmemoryListener()
	r.listener, r.socket = l, socket
	done := make(chan error, 1)
	go func() { done <- l.Serve(socket) }()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return socket.Dial() }}
	r.client.Transport = transport
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := l.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

// do makes a request, whose answer has to be as the description says; header is name, value and so on.
func (r *rig) do(method, path, body string, header ...string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequest(method, "http://halley"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	body = strings.TrimSpace(string(text))
	if fault := read(r.t).fault(method, path, resp.StatusCode, resp.Header, body); fault != "" {
		r.t.Errorf("openapi.json: %s %s %s: %.200s", method, path, fault, body)
	}
	return resp.StatusCode, body, resp.Header
}

// expect makes a request and compares the answer.
func (r *rig) expect(method, path, body string, status int, answer string, header ...string) {
	r.t.Helper()
	gotStatus, got, _ := r.do(method, path, body, header...)
	if gotStatus != status || got != answer {
		r.t.Errorf("%s %s %.60q: %d %s, want %d %s", method, path, body, gotStatus, got, status, answer)
	}
}
