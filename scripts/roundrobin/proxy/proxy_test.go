package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"halley/scripts/nodes"
)

// start serves a balancer of nodes that behave as told, and returns its address.
func start(t *testing.T, nodes ...http.HandlerFunc) (*Balancer, string) {
	t.Helper()
	addresses := make([]string, len(nodes))
	for n, node := range nodes {
		server := httptest.NewServer(node)
		t.Cleanup(server.Close)
		addresses[n] = server.Listener.Addr().String()
	}
	return balance(t, addresses...)
}

func balance(t *testing.T, addresses ...string) (*Balancer, string) {
	t.Helper()
	b := New(addresses...)
	front := httptest.NewUnstartedServer(nil)
	front.Config = b.Server()
	front.Start()
	t.Cleanup(front.Close)
	return b, front.Listener.Addr().String()
}

// named is a node that answers with its name, the path and the body.
func named(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", name, r.URL.RequestURI(), body)
	}
}

// connection is a client's connection, whose requests are sent one after the other.
type connection struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, address string) *connection {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &connection{t, c, bufio.NewReader(c)}
}

func (c *connection) ask(request string) (*http.Response, string) {
	c.t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		c.t.Fatal(err)
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response, string(body)
}

const post = "POST /bayeux?x=1 HTTP/1.1\r\nHost: any\r\nContent-Length: 4\r\n\r\nbody"

// The requests of one connection go to one node after the other, with all that they have.
func TestEachRequestGoesElsewhere(t *testing.T) {
	b, address := start(t, named("a"), named("b"), named("c"))
	c := dial(t, address)
	var met []string
	for range 6 {
		_, text := c.ask(post)
		name, rest, _ := strings.Cut(text, " ")
		if met = append(met, name); rest != "/bayeux?x=1 body" {
			t.Fatalf("the node got %q", rest)
		}
	}
	for n := 1; n < len(met); n++ {
		if met[n] == met[n-1] || n >= 3 && met[n] != met[n-3] {
			t.Fatalf("the nodes were %v", met)
		}
	}
	if counts := b.Counts(); !slices.Equal(counts.Taken, []uint64{2, 2, 2}) || counts.Failed != 0 {
		t.Errorf("%+v", counts)
	}
}

// The first requests of connections are spread, too.
func TestConnectionsBeginElsewhere(t *testing.T) {
	b, address := start(t, named("a"), named("b"), named("c"))
	for range 9 {
		dial(t, address).ask(post)
	}
	if counts := b.Counts(); !slices.Equal(counts.Taken, []uint64{3, 3, 3}) {
		t.Errorf("%+v", counts)
	}
}

// Without a connection of its own server, a balancer chooses by request.
func TestHandlerAlone(t *testing.T) {
	node := httptest.NewServer(named("a"))
	defer node.Close()
	b, w := New(node.Listener.Addr().String()), httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
	if w.Body.String() != "a /x " {
		t.Errorf("%q", w.Body)
	}
}

// What a node sends of a stream goes on at once, and the end of either side is the end of the other's.
func TestStreamsAreNotKeptBack(t *testing.T) {
	ended := make(chan struct{})
	_, address := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	})
	response, err := http.Get("http://" + address + "/events")
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); line != "data: 1\n" {
		t.Errorf("%q %v", line, err)
	}
	response.Body.Close()
	<-ended
}

// After an upgrade bytes go both ways.
func TestUpgradesPass(t *testing.T) {
	_, address := start(t, func(w http.ResponseWriter, r *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+r.Header.Get("Upgrade")+"\r\n\r\n")
		_, _ = io.Copy(c, buffered)
	})
	c := dial(t, address)
	response, _ := c.ask("GET / HTTP/1.1\r\nHost: any\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response.Status)
	}
	for _, text := range []string{"one\n", "two\n"} {
		_, _ = io.WriteString(c, text)
		if line, err := c.in.ReadString('\n'); line != text {
			t.Fatalf("%q %v", line, err)
		}
	}
}

// A node that is not there is passed over.
func TestDeadNodesAreSkipped(t *testing.T) {
	node := httptest.NewServer(named("a"))
	defer node.Close()
	b, address := balance(t, nobody(), node.Listener.Addr().String())
	c := dial(t, address)
	for range 4 {
		if _, text := c.ask(post); text != "a /bayeux?x=1 body" {
			t.Errorf("%q", text)
		}
	}
	if counts := b.Counts(); counts.Skipped < 2 || counts.Failed != 0 {
		t.Errorf("%+v", counts)
	}
}

// A node that breaks off has the client told so, and nothing is sent twice.
func TestBrokenAnswersAreTold(t *testing.T) {
	b, address := start(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, named("b"))
	c := dial(t, address)
	statuses := map[int]int{}
	for range 4 {
		response, _ := c.ask(post)
		statuses[response.StatusCode]++
	}
	if statuses[http.StatusOK] != 2 || statuses[http.StatusBadGateway] != 2 || b.Counts().Failed != 2 {
		t.Errorf("%v %+v", statuses, b.Counts())
	}
}

func TestBodiesAreBounded(t *testing.T) {
	_, address := start(t, named("a"))
	response, err := http.Post("http://"+address, "text/plain", strings.NewReader(strings.Repeat("x", MaxBody+1)))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Error(response.Status)
	}
}

// nobody is an address of this process at which nobody listens: a port that was free a moment ago may be another program's.
func nobody() string { return nodes.NewNetwork(os.Getpid()).Host(1) + ":" + nodes.PublicPort }

func listen(address string) (net.Listener, error) { return net.Listen("tcp", address) }
