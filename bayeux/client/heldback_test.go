package client_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop"
)

// holding is a proxy that holds event-streams back: it asks for one, and passes on
// nothing of it, or only its head, until it is told to.
type holding struct {
	*httptest.Server
	server  *url.URL
	through *httputil.ReverseProxy
	head    bool            // it passes on the head at once
	asked   chan struct{}   // has an entry for each stream that the server has begun
	pass    <-chan struct{} // closed when streams are passed on
}

func newHolding(t *testing.T, s *loop.Server, head bool, pass <-chan struct{}) (*holding, string) {
	t.Helper()
	p := &holding{server: &url.URL{Scheme: "http", Host: s.Addresses()[0]}, head: head, asked: make(chan struct{}, 1000), pass: pass}
	p.through = httputil.NewSingleHostReverseProxy(p.server)
	p.through.ErrorLog = log.New(io.Discard, "", 0) // of requests that their client gives up
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p, p.URL + "/bayeux"
}

// ServeHTTP passes on all but event-streams.
func (p *holding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Accept") != "text/event-stream" {
		p.through.ServeHTTP(w, r)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, p.server.JoinPath(r.URL.Path).String(), nil)
	if err != nil {
		return
	}
	req.Header = r.Header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK {
		w.WriteHeader(resp.StatusCode)
		return
	}
	flush := w.(http.Flusher).Flush
	if p.head {
		flush()
	}
	p.asked <- struct{}{}
	select {
	case <-p.pass:
	case <-r.Context().Done():
		return
	}
	buf := make([]byte, 4<<10)
	for n, err := resp.Body.Read(buf); n > 0; n, err = resp.Body.Read(buf) {
		w.Write(buf[:n])
		if flush(); err != nil {
			return
		}
	}
}

// begins waits until the server has begun a stream that it has not told of yet.
func (p *holding) begins(t *testing.T, f *follower) {
	t.Helper()
	select {
	case <-p.asked:
	case <-time.After(time.Minute):
		f.mu.Lock()
		defer f.mu.Unlock()
		t.Fatalf("no stream is asked for by %s; faults %v", f.ConnectionType(), f.faults)
	}
}

// watched is the options of a client that notices soon what is held back. It is patient
// enough for a busy machine: what comes by a reply that it gives up is lost.
func watched(types ...string) client.Options {
	return client.Options{ConnectionTypes: types, NetworkDelay: 4 * time.Second}
}

// What is published while something holds the stream back is not lost, though the server
// has begun the stream: the client has not said yet that it sees it.
func TestStreamIsHeldBack(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]bool{"with its head": false, "without its head": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := serve(t, nil)
			p, address := newHolding(t, s, head, nil)
			f := followWith(t, address, watched("eventsource", "long-polling"))
			p.begins(t, f)
			for n := range 20 {
				publish(t, s, n)
			}
			f.has(t, 20)
			if got := f.ConnectionType(); got != "long-polling" {
				t.Errorf("connected by %s", got)
			}
			f.tells(t, "passed over: eventsource: the event-stream is held back")
		})
	}
}

// A client of nothing but event-streams tries again, and has what was published meanwhile.
func TestStreamIsHeldBackForLong(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, nil)
	pass := make(chan struct{})
	p, address := newHolding(t, s, true, pass)
	f := followWith(t, address, watched("eventsource"))
	for n := range 3 {
		p.begins(t, f)
		publish(t, s, n)
	}
	close(pass)
	for n := 3; n < 10; n++ {
		publish(t, s, n)
	}
	f.has(t, 10)
	if got := f.ConnectionType(); got != "eventsource" {
		t.Errorf("connected by %s", got)
	}
}

// One that comes late is used, and what was published meanwhile comes by it.
func TestStreamComesLate(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, nil)
	pass := make(chan struct{})
	p, address := newHolding(t, s, true, pass)
	o := watched("eventsource", "long-polling")
	o.NetworkDelay = 10 * time.Second
	f := followWith(t, address, o)
	p.begins(t, f)
	for n := range 10 {
		publish(t, s, n)
	}
	close(pass)
	for n := 10; n < 20; n++ {
		publish(t, s, n)
	}
	f.has(t, 20)
	if got := f.ConnectionType(); got != "eventsource" {
		t.Errorf("connected by %s", got)
	}
}

// A move to a stream that is held back fails, and leaves the session where it was.
func TestMoveToAStreamThatIsHeldBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"websocket", "long-polling"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, _ := serve(t, nil)
			p, address := newHolding(t, s, true, nil)
			f := followWith(t, address, watched(kind))
			publish(t, s, 0)
			f.has(t, 1)
			if err := f.Use("eventsource"); err != nil {
				t.Fatal(err)
			}
			p.begins(t, f)
			for n := range 20 {
				publish(t, s, n+1)
			}
			f.has(t, 21)
			f.tells(t, "use eventsource: the event-stream is held back")
			until(t, "the way back", func() bool { return f.ConnectionType() == kind })
			publish(t, s, 21)
			f.has(t, 22)
		})
	}
}

// tells waits until a failure has been told.
func (f *follower) tells(t *testing.T, text string) {
	t.Helper()
	until(t, text, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, err := range f.faults {
			if strings.Contains(err.Error(), text) {
				return true
			}
		}
		return false
	})
}
