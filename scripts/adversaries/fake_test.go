package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fake is a server that counts what it is sent and keeps nothing.
type fake struct {
	mu        sync.Mutex
	sessions  int
	advices   map[string]int // of connects
	exts      map[string]int // of handshakes, subscribes and connects
	patterns  []int          // of each subscribe
	longest   int            // pattern in bytes
	channels  map[string]int // of meta messages and events
	events    int            // to /publish, objects or arrays
	bytes     int            // likewise
	sockets   int
	received  int // bytes of websockets
	streams   int
	refuses   bool // every session
	published int  // status of /publish, 0: 200

	over chan struct{} // closed at the end
}

// refusals are metrics by which every flood was refused.
const refusals = `halley_clients_refused_total{cause="connections"} 1
halley_clients_refused_total{cause="handshakes"} 1
halley_clients_refused_total{cause="bytes"} 1
`

// startFake runs a fake and gives the adversaries' view of it.
func startFake(t *testing.T) (*fake, *server) {
	t.Helper()
	f := &fake{advices: map[string]int{}, exts: map[string]int{}, channels: map[string]int{}, over: make(chan struct{})}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /bayeux", f.bayeux)
	routes.HandleFunc("GET /bayeux", f.upgrade)
	routes.HandleFunc("GET /events", f.stream)
	routes.HandleFunc("POST /publish", f.publish)
	routes.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a 1\n"+refusals) })
	listener := httptest.NewServer(routes)
	t.Cleanup(func() { close(f.over); listener.CloseClientConnections(); listener.Close() })
	address := strings.TrimPrefix(listener.URL, "http://")
	client := listener.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 20 // most attacks do 20 things at once
	return f, &server{public: address, internal: address, client: client}
}

// said is a message of a client, as far as it is looked at.
type said struct {
	Channel      string
	Subscription json.RawMessage
	Ext, Advice  json.RawMessage
}

func (f *fake) bayeux(w http.ResponseWriter, r *http.Request) {
	var batch []said
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var replies []string
	for _, m := range batch {
		f.take(m)
		id := ""
		if m.Channel == "/meta/handshake" && !f.refuses {
			f.sessions++
			id = fmt.Sprintf(`,"clientId":"c%d"`, f.sessions)
		}
		replies = append(replies, fmt.Sprintf(`{"channel":%q,"successful":%t%s}`, m.Channel, !f.refuses, id))
	}
	fmt.Fprintf(w, "[%s]", strings.Join(replies, ","))
}

func (f *fake) take(m said) {
	f.channels[m.Channel]++
	f.exts[string(m.Ext)]++
	f.advices[string(m.Advice)]++
	if m.Channel != "/meta/subscribe" {
		return
	}
	var list []string
	if json.Unmarshal(m.Subscription, &list) != nil {
		list = []string{string(m.Subscription)}
	}
	f.patterns = append(f.patterns, len(list))
	for _, pattern := range list {
		f.longest = max(f.longest, len(pattern))
	}
}

func (f *fake) upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	n, _ := io.Copy(io.Discard, io.MultiReader(buffered, conn))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sockets++
	f.received += int(n)
}

func (f *fake) stream(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.streams++
	f.mu.Unlock()
	w.(http.Flusher).Flush()
	select {
	case <-r.Context().Done():
	case <-f.over: // the end of a request whose body has not come is not seen
	}
}

func (f *fake) publish(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(bufio.NewReader(r.Body))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events += max(1, strings.Count(string(text[:min(len(text), 1<<20)]), `"data":`))
	f.bytes += len(text)
	if f.published != 0 {
		w.WriteHeader(f.published)
	}
}

// attacked runs one adversary against a fake once.
func attacked(t *testing.T, a adversary) *fake {
	t.Helper()
	f, s := startFake(t)
	if a.fill != nil {
		if err := a.fill(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.attack(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	t.Cleanup(f.mu.Unlock)
	return f
}
