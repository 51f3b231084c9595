package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/client"
)

// server is an internal listener that answers as told and keeps what it took.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string
	header http.Header
	busy   int // answers 503 so many times
	plain  string
	status int
}

type line struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

// newServer refuses channels that begin with /bad.
func newServer(t *testing.T) *server {
	s := &server{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = r.Header.Clone()
	body, _ := io.ReadAll(r.Body)
	var batch []line
	if err := json.Unmarshal(body, &batch); err != nil || r.URL.Path != "/publish" {
		http.Error(w, fmt.Sprintf(`{"error":"%s: %v"}`, r.URL.Path, err), http.StatusNotFound)
		return
	}
	switch {
	case s.busy > 0:
		s.busy--
		http.Error(w, `{"error":"busy"}`, http.StatusServiceUnavailable)
		return
	case s.plain != "":
		w.WriteHeader(s.status)
		io.WriteString(w, s.plain)
		return
	}
	for i, m := range batch {
		if strings.HasPrefix(m.Channel, "/bad") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"%s is bad","index":%d}`, m.Channel, i)
			return
		}
	}
	for _, m := range batch {
		s.got = append(s.got, m.Channel+" "+string(m.Data))
	}
	fmt.Fprintf(w, `{"published":%d}`, len(batch))
}

func messages(channels ...string) []Message {
	var batch []Message
	for i, c := range channels {
		batch = append(batch, Message{Channel: c, Data: fmt.Appendf(nil, "%d.10", i)})
	}
	return batch
}

func TestInternalTakesOutTheRefused(t *testing.T) {
	s := newServer(t)
	p, err := Internal(s.URL+"/", "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	batch := messages("/a", "/bad/1", "/b", "/bad/2", `/c"é`)
	refused, err := p.Publish(context.Background(), batch)
	if err != nil || !slices.Equal(refused, []Refusal{{1, "/bad/1 is bad"}, {3, "/bad/2 is bad"}}) {
		t.Errorf("refused %v, %v", refused, err)
	}
	if want := []string{"/a 0.10", "/b 2.10", `/c"é 4.10`}; !slices.Equal(s.got, want) {
		t.Errorf("published %q, want %q", s.got, want)
	}
	if s.header.Get("Authorization") != "Bearer k" || s.header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", s.header)
	}
	if batch[1].Channel != "/bad/1" {
		t.Error("the caller's batch was changed")
	}
}

func TestInternalWaitsForABusyServer(t *testing.T) {
	s := newServer(t)
	s.busy = 2
	p, _ := Internal(s.URL, "", nil)
	defer p.Close(context.Background())
	if refused, err := p.Publish(context.Background(), messages("/a")); err != nil || refused != nil || len(s.got) != 1 {
		t.Errorf("refused %v, %v, published %v", refused, err, s.got)
	}
	s.busy = 1000
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := p.Publish(ctx, messages("/a")); err == nil {
		t.Error("a server busy for ever took a message")
	}
}

func TestInternalErrors(t *testing.T) {
	s := newServer(t)
	p, _ := Internal(s.URL, "", nil)
	defer p.Close(context.Background())
	for _, tt := range []struct {
		status int
		plain  string
		want   string
	}{
		{401, `{"error":"a bearer key is needed"}`, "401 Unauthorized: a bearer key is needed"},
		{200, "<html>", "is this an internal listener?"},
		{404, "<html>", "404 Not Found"},
	} {
		s.status, s.plain = tt.status, tt.plain
		if _, err := p.Publish(context.Background(), messages("/a")); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d %s: %v, want %q in it", tt.status, tt.plain, err, tt.want)
		}
	}
	s.status, s.plain = 400, `{"error":"whole body"}`
	refused, err := p.Publish(context.Background(), messages("/a", "/b"))
	if err != nil || !slices.Equal(refused, []Refusal{{0, "whole body"}, {1, "whole body"}}) {
		t.Errorf("refused %v, %v", refused, err)
	}
	s.Server.Close()
	if _, err := p.Publish(context.Background(), messages("/a")); err == nil {
		t.Error("published to nobody")
	}
	for _, address := range []string{"", "localhost:8081", "ftp://x", "http://%zz"} {
		if _, err := Internal(address, "", nil); err == nil {
			t.Errorf("%q is taken for a URL", address)
		}
	}
}

// endpoint is just enough of a Bayeux server.
func endpoint(t *testing.T, sizes *[]int) *httptest.Server {
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var batch []struct {
			line
			ID string `json:"id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			t.Error(err)
		}
		var replies []string
		for _, m := range batch {
			ok := `"successful":true,"clientId":"c1"`
			if strings.HasPrefix(m.Channel, "/bad") {
				ok = `"successful":false,"error":"405::bad"`
			}
			replies = append(replies, fmt.Sprintf(`{"channel":%q,"id":%q,%s}`, m.Channel, m.ID, ok))
		}
		if batch[0].Channel == "/meta/connect" {
			<-r.Context().Done()
			return
		}
		if !strings.HasPrefix(batch[0].Channel, "/meta/") {
			mu.Lock()
			*sizes = append(*sizes, len(batch))
			mu.Unlock()
		}
		io.WriteString(w, "["+strings.Join(replies, ",")+"]")
	}))
	t.Cleanup(s.Close)
	return s
}

func TestBayeuxSplitsBatches(t *testing.T) {
	var sizes []int
	s := endpoint(t, &sizes)
	p, err := Bayeux(context.Background(), s.URL, client.Options{OnError: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	channels := make([]string, 250)
	for i := range channels {
		channels[i] = "/a"
	}
	channels[3], channels[120] = "/bad", "/bad"
	refused, err := p.Publish(context.Background(), messages(channels...))
	if err != nil || !slices.Equal(refused, []Refusal{{3, "405::bad"}, {120, "405::bad"}}) {
		t.Errorf("refused %v, %v", refused, err)
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("requests of %v messages", sizes)
	}
	big := Message{Channel: "/a", Data: []byte(`"` + strings.Repeat("x", 20<<10) + `"`)}
	if got := fitting([]Message{big, big, big}); got != 1 {
		t.Errorf("%d large messages in a request", got)
	}
	if got := fitting([]Message{{Data: make([]byte, 1<<20)}}); got != 1 {
		t.Errorf("%d of one huge message in a request", got)
	}
	if err := p.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestBayeuxErrors(t *testing.T) {
	if _, err := Bayeux(context.Background(), "nowhere", client.Options{}); err == nil {
		t.Error("connected to nowhere")
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, err := Bayeux(context.Background(), s.URL, client.Options{}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("Bayeux() = %v", err)
	}
}
