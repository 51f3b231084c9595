package internalhttp

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"halley/bayeux"
	"halley/loop/access/key"
)

// ring makes the keys of --internal-key and of a file.
func ring(t *testing.T, master, file string) *key.Ring {
	t.Helper()
	path := ""
	if file != "" {
		path = filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k, err := key.Open(master, path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const keyFile = `orders orders-0123456789 publish=/orders/** publish=/keyed/a
reader reader-0123456789 listings
scraper scraper-0123456789 metrics
profiler profiler-0123456789 profiles
closer closer-0123456789 end
everything everything-0123456789 publish=/** listings metrics console profiles end
`

func bearer(k string) []string { return []string{"Authorization", "Bearer " + k} }

// Who has a key may come from anywhere, but not by way of another site's page.
func TestKeyAdmitsAnyHost(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Keys = ring(t, "k", "") })
	for _, tt := range []struct {
		header []string
		want   int
	}{
		{bearer("k"), 200},
		{append(bearer("k"), "Origin", "http://admin.example"), 200},
		{append(bearer("k"), "Sec-Fetch-Site", "cross-site"), 403},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 401},
		{[]string{"Authorization", "Basic aw=="}, 401},
		{[]string{"Authorization", "Bearer "}, 401},
		{[]string{"Authorization", "bearer  k"}, 200},
		{bearer("K"), 401},
	} {
		if got := r.call("POST", "/publish", "push.example", tt.header...); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.header, got, tt.want)
		}
	}
}

// Each route takes the keys that are good for it, and no other.
func TestRightsOfKeys(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Keys, o.Metrics = ring(t, "master-0123456789", keyFile), metricsPage() })
	for _, tt := range []struct {
		method, path string
		who          []string
	}{
		{"GET", "/channels", []string{"reader"}},
		{"GET", "/sessions", []string{"reader"}},
		{"DELETE", "/sessions/s1", []string{"closer"}},
		{"GET", "/metrics", []string{"scraper"}},
		{"GET", "/debug/pprof/cmdline", []string{"profiler"}},
	} {
		for _, name := range []string{"orders", "reader", "scraper", "profiler", "closer", "everything", "master"} {
			want := 403
			if slices.Contains(append(tt.who, "everything", "master"), name) {
				want = 200
			}
			status, body, header := r.do(tt.method, tt.path, "", bearer(name+"-0123456789")...)
			if status != want || status == 403 && (!strings.Contains(body, name) || !strings.Contains(header.Get("WWW-Authenticate"), "insufficient_scope")) {
				t.Errorf("%s %s by %s: %d %s", tt.method, tt.path, name, status, body)
			}
		}
		if status, _, _ := r.do(tt.method, tt.path, ""); status != 401 {
			t.Errorf("%s %s without a key: %d", tt.method, tt.path, status)
		}
	}
	r.expect("GET", "/health/live", "", 200, `{"live":true}`)
}

// A clientId is as good as its client's rights: a key that may not end sessions is told none.
func TestClientIDsAreForThoseWhoMayEndSessions(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Keys = ring(t, "master-0123456789", keyFile) })
	id := strings.Repeat("0", bayeux.ClientIDLen)
	r.session = id
	for name, tells := range map[string]bool{"reader": false, "everything": true, "master": true} {
		status, body, _ := r.do("GET", "/sessions", "", bearer(name+"-0123456789")...)
		if status != 200 || strings.Contains(body, id) != tells || strings.Contains(body, `"id":"0-0-`) == tells {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// A body with one channel that the key does not name publishes nothing.
func TestChannelsOfAKey(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Keys = ring(t, "master-0123456789", keyFile) })
	post := func(k, body string, status int, answer string) {
		t.Helper()
		r.expect("POST", "/publish", body, status, answer, bearer(k+"-0123456789")...)
	}
	post("orders", `[{"channel":"/orders/1","data":1},{"channel":"/orders/x/","data":2}]`, 200, `{"published":2}`)
	post("orders", `[{"channel":"/orders/1","data":3},{"channel":"/stock/A","data":4}]`, 403,
		`{"channel":"/stock/A","error":"the key \"orders\" is not good for this channel","index":1}`)
	post("orders", `{"channel":"/orders","data":5}`, 403, `{"channel":"/orders","error":"the key \"orders\" is not good for this channel","index":0}`)
	post("orders", `{"channel":"\u002forders\u002f1","data":6}`, 200, `{"published":1}`)
	post("reader", `{"channel":"/orders/1","data":7}`, 403, `{"channel":"/orders/1","error":"the key \"reader\" is not good for this channel","index":0}`)
	post("everything", `{"channel":"/stock/A","data":8}`, 200, `{"published":1}`)
	post("master", `{"channel":"/stock/A","data":9}`, 200, `{"published":1}`)
	post("orders", `{"channel":"/stock/A","data":10,"dedup":"x"}`, 403, `{"channel":"/stock/A","error":"the key \"orders\" is not good for this channel","index":0}`)
	post("master", `{"channel":"/stock/A","data":11,"dedup":"x"}`, 200, `{"published":1}`) // what was forbidden is not remembered
	want := []string{"/orders/1 1", "/orders/x/ 2", "/orders/1 6", "/stock/A 8", "/stock/A 9", "/stock/A 11"}
	if !slices.Equal(r.got, want) {
		t.Errorf("published %q, want %q", r.got, want)
	}
}

// Channels of which a rule says publish=key take keys of the file that name them, and nothing else.
func TestChannelsThatNeedAKey(t *testing.T) {
	const alone = `"error":"the channel takes a key of --internal-keys alone that names it","index":0}`
	r := newRig(t, func(o *Options) { o.Keys = ring(t, "master-0123456789", keyFile) })
	for k, status := range map[string]int{"orders": 200, "everything": 200, "master": 403, "reader": 403} {
		if got, body, _ := r.do("POST", "/publish", `{"channel":"/keyed/a","data":1}`, bearer(k+"-0123456789")...); got != status {
			t.Errorf("%s: %d %s", k, got, body)
		}
	}
	r.expect("POST", "/publish", `{"channel":"/keyed/b","data":1}`, 403, `{"channel":"/keyed/b",`+alone, bearer("master-0123456789")...)
	open := newRig(t, nil)
	open.expect("POST", "/publish", `{"channel":"/keyed/a","data":1}`, 403, `{"channel":"/keyed/a",`+alone)
}

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// overTCP has a rig's client use the loopback, so that requests have an address.
func (r *rig) overTCP() {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	l := New(r.fake, r.listener.options)
	done := make(chan error, 1)
	go func() { done <- l.Serve(socket) }()
	r.t.Cleanup(func() { l.Shutdown(r.t.Context()); <-done })
	r.listener = l
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("tcp", socket.Addr().String())
	}}
	r.client.Transport = transport
	r.t.Cleanup(transport.CloseIdleConnections)
}

// loggedRig is a listener with keys, at which an address may try five wrong ones a minute, and its log.
func loggedRig(t *testing.T) (*rig, *lines) {
	log := new(lines)
	r := newRig(t, func(o *Options) {
		o.Keys, o.WrongKeys, o.Log = ring(t, "", keyFile), 5, slog.New(slog.NewTextHandler(log, nil))
	})
	r.overTCP()
	return r, log
}

// The log of requests that are refused names a session, and not its clientId.
func TestRefusalsAreLoggedWithoutClientIDs(t *testing.T) {
	r, log := loggedRig(t)
	id := strings.Repeat("0", bayeux.ClientIDLen)
	for key, want := range map[string]int{"a-wrong-key": 401, "reader-0123456789": 403} {
		if status, body, _ := r.do("DELETE", "/sessions/"+id, "", bearer(key)...); status != want {
			t.Errorf("%s: %d %s", key, status, body)
		}
	}
	if text := log.String(); strings.Contains(text, id) || strings.Count(text, "path=/sessions/0-0-0-0") != 2 {
		t.Error(text)
	}
}

// An address may try some wrong keys in a minute, and is not listened to then, but for health checks. No key is logged.
func TestWrongKeysAreCountedAndLimited(t *testing.T) {
	r, log := loggedRig(t)
	for i := range 5 {
		status, _, header := r.do("GET", "/channels", "", bearer(fmt.Sprint("guess-", i))...)
		if status != 401 || header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
			t.Errorf("guess %d: %d %v", i, status, header)
		}
	}
	for _, k := range []string{"guess-6", "reader-0123456789"} {
		status, _, header := r.do("GET", "/channels", "", bearer(k)...)
		if status != 429 || header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", k, status, header)
		}
	}
	r.expect("GET", "/health/live", "", 200, `{"live":true}`)
	if status, _, _ := r.do("GET", "/channels", ""); status != 401 {
		t.Errorf("without a key: %d", status)
	}
	if f := r.listener.Figures(); f.WrongKeys != 5 || f.Limited != 2 {
		t.Errorf("%+v", f)
	}
	if text := log.String(); strings.Count(text, "wrong key") != 5 || strings.Contains(text, "guess-") {
		t.Error(text)
	}
}

// A program that sends its old key all the time keeps nobody else at its address away.
func TestOldKeysKeepNobodyAway(t *testing.T) {
	r, log := loggedRig(t)
	for range 50 {
		if status, _, _ := r.do("GET", "/channels", "", bearer("an-old-key")...); status != 401 {
			t.Fatalf("the old key: %d", status)
		}
		if status, _, _ := r.do("GET", "/channels", "", bearer("reader-0123456789")...); status != 200 {
			t.Fatalf("the right key: %d", status)
		}
	}
	if n := strings.Count(log.String(), "wrong key"); n != 1 {
		t.Errorf("the old key is told %d times", n)
	}
}

// What is done with a key is counted and logged by its name, and the key itself told to nobody.
func TestKeysAreCounted(t *testing.T) {
	var log lines
	r := newRig(t, func(o *Options) {
		o.Keys, o.Log = ring(t, "", keyFile), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	r.do("POST", "/publish", `[{"channel":"/orders/1","data":1},{"channel":"/orders/2","data":1}]`, bearer("orders-0123456789")...)
	r.do("POST", "/publish", `{"channel":"/a","data":1}`, bearer("orders-0123456789")...)
	r.do("GET", "/channels", "", bearer("orders-0123456789")...)
	r.do("DELETE", "/sessions/s1", "", bearer("closer-0123456789")...)
	for _, f := range r.listener.Figures().Keys {
		want := key.Figures{}
		switch f.Label() {
		case "orders":
			want.Requests, want.Published, want.Refused = 3, 2, 2
		case "closer":
			want.Requests = 1
		}
		if f.Requests != want.Requests || f.Published != want.Published || f.Refused != want.Refused {
			t.Errorf("%s: %+v, want %+v", f.Label(), f, want)
		}
	}
	text := log.String()
	if !strings.Contains(text, "key=orders") || !strings.Contains(text, "key=closer") || strings.Contains(text, "0123456789") {
		t.Error(text)
	}
}

// A key is good from the moment on that the file has it, and one that is taken away is not, on connections that are open too.
func TestKeysChangeWhileRequestsCome(t *testing.T) {
	keys := ring(t, "", keyFile)
	r := newRig(t, func(o *Options) { o.Keys = keys })
	if status, _, _ := r.do("GET", "/channels", "", bearer("reader-0123456789")...); status != 200 {
		t.Fatal(status)
	}
	if err := os.WriteFile(keys.Files()[0], []byte("reader another-0123456789 listings\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Reload(); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]int{"reader-0123456789": 401, "another-0123456789": 200} {
		if status, _, _ := r.do("GET", "/channels", "", bearer(k)...); status != want {
			t.Errorf("%s: %d", k, status)
		}
	}
}
