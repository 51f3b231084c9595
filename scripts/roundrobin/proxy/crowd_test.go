package proxy

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// Many clients at once get each their own answer, from nodes of which one breaks off now and then; what it has broken off is
// told with 502, and counted. No request is answered by two nodes.
func TestManyClients(t *testing.T) {
	var taken [3]atomic.Int64
	var broken atomic.Int64
	nodes := make([]http.HandlerFunc, len(taken))
	for n := range nodes {
		nodes[n] = func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			taken[n].Add(1)
			if n == 1 && bytes.HasSuffix(body, []byte("0")) {
				broken.Add(1)
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(body)
		}
	}
	b, address := start(t, nodes...)
	const clients, requests = 20, 50
	var working sync.WaitGroup
	var good, bad atomic.Int64
	for c := range clients {
		working.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for i := range requests {
				body := fmt.Sprintf("client %d, request %d", c, i)
				response, err := (&http.Client{Transport: transport}).Post("http://"+address, "text/plain", bytes.NewBufferString(body))
				if err != nil {
					t.Error(err)
					return
				}
				got, _ := io.ReadAll(response.Body)
				response.Body.Close()
				switch {
				case response.StatusCode == http.StatusOK && string(got) == body:
					good.Add(1)
				case response.StatusCode == http.StatusBadGateway:
					bad.Add(1)
				default:
					t.Errorf("%d %q to %q", response.StatusCode, got, body)
				}
			}
		})
	}
	working.Wait()
	counts := b.Counts()
	if good.Load()+bad.Load() != clients*requests || bad.Load() != broken.Load() || counts.Failed != uint64(bad.Load()) {
		t.Errorf("%d answered, %d broken off by %d, %+v", good.Load(), bad.Load(), broken.Load(), counts)
	}
	for n := range taken {
		if got := taken[n].Load(); got != int64(counts.Taken[n]) || got < clients*requests/4 {
			t.Errorf("node %d has taken %d, %+v", n, got, counts)
		}
	}
}

// Whatever the size of a body and however it is sent, it passes whole both ways.
func TestBodiesOfAllSizes(t *testing.T) {
	_, address := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body)%2 == 0 {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		_, _ = w.Write(body)
	})
	random := rand.New(rand.NewPCG(8, 8))
	for _, size := range []int{0, 1, 1000, 4095, 4096, 70_000, 1 << 20} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		for name, reader := range map[string]io.Reader{"with its length": bytes.NewReader(body), "in chunks": io.MultiReader(bytes.NewReader(body))} {
			response, err := http.Post("http://"+address, "application/octet-stream", reader)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes %s: %d came back, %v", size, name, len(got), err)
			}
		}
	}
}

// A client that goes away has the node's request ended, and is no failure of the node.
func TestClientsThatGo(t *testing.T) {
	held, ended := make(chan struct{}), make(chan struct{})
	b, address := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(held)
		<-r.Context().Done()
		close(ended)
	})
	c := dial(t, address)
	if _, err := io.WriteString(c, post); err != nil {
		t.Fatal(err)
	}
	<-held
	c.Close()
	<-ended
	if counts := b.Counts(); counts.Failed != 0 {
		t.Errorf("%+v", counts)
	}
}

// A node that comes back is asked again at once.
func TestNodesThatComeBack(t *testing.T) {
	address := nobody()
	b, front := balance(t, address)
	c := dial(t, front)
	if response, _ := c.ask(post); response.StatusCode != http.StatusBadGateway || b.Counts().Skipped != 1 {
		t.Errorf("%s %+v", response.Status, b.Counts())
	}
	back := httptest.NewUnstartedServer(named("a"))
	back.Listener.Close()
	var err error
	if back.Listener, err = listen(address); err != nil {
		t.Fatal(err)
	}
	back.Start()
	defer back.Close()
	if _, text := c.ask(post); text != "a /bayeux?x=1 body" {
		t.Errorf("%q", text)
	}
}
