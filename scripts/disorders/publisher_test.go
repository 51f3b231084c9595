package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/scripts/disorders/model"
	"halley/scripts/nodes"
)

// answering is a node whose internal listener answers publishes with statuses in turn, the last of them from then on.
type answering struct {
	mu       sync.Mutex
	statuses []int
	bodies   []string
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bodies = append(a.bodies, string(body))
	status := a.statuses[0]
	if len(a.statuses) > 1 {
		a.statuses = a.statuses[1:]
	}
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
}

// sent are the bodies that have come.
func (a *answering) sent() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.bodies)
}

// node is one at a number of this test's network, which answers if a is not nil.
func node(t *testing.T, number int, a *answering) *nodes.Node {
	t.Helper()
	network := nodes.NewNetwork(os.Getpid())
	n := nodes.New("halley", t.TempDir(), "node", network.Host(number))
	if a == nil {
		return n
	}
	listener, err := net.Listen("tcp", n.Internal())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(a)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return n
}

// What a back-end knows of a plain message follows from the answer; only what has not left goes to another node.
func TestPlainMessages(t *testing.T) {
	first, second := &answering{statuses: []int{200, 503, 0, 200}}, &answering{statuses: []int{200}}
	b := &backend{nodes: []*nodes.Node{node(t, 101, first), node(t, 102, second)}}
	var got []model.Outcome
	for n := range 3 {
		outcome, _ := b.plain(t.Context(), "/plain/0", n)
		got = append(got, outcome)
		b.at = 0
	}
	if want := []model.Outcome{model.Acknowledged, model.Refused, model.Unknown}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if len(second.sent()) != 0 || first.sent()[1] != `{"channel":"/plain/0","data":1}` {
		t.Errorf("%q %q", first.sent(), second.sent())
	}
	b = &backend{nodes: []*nodes.Node{node(t, 103, nil), b.nodes[1]}}
	if outcome, _ := b.plain(t.Context(), "/plain/0", 3); outcome != model.Acknowledged || b.at != 1 {
		t.Errorf("%v, at %d", outcome, b.at)
	}
	if outcome, _ := (&backend{nodes: b.nodes[:1]}).plain(t.Context(), "/plain/0", 4); outcome != model.Refused {
		t.Errorf("%v without any node", outcome)
	}
}

// A kept message is sent until it is acknowledged, with one key.
func TestKeptMessages(t *testing.T) {
	first, second := &answering{statuses: []int{0}}, &answering{statuses: []int{503, 503, 200}}
	b := &backend{nodes: []*nodes.Node{node(t, 104, first), node(t, 105, second)}}
	if outcome, _ := b.kept(t.Context(), "/kept/0", 7); outcome != model.Acknowledged {
		t.Error(outcome)
	}
	if all := append(first.sent(), second.sent()...); len(all) < 4 || len(slices.Compact(all)) != 1 || !strings.Contains(all[0], `"dedup":"/kept/0-7"`) {
		t.Errorf("%q", all)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if outcome, _ := b.kept(ended, "/kept/0", 8); outcome != model.Unknown {
		t.Errorf("%v after the end", outcome)
	}
}

// What a node that is alone may have got is not sent again: it may have forgotten the key.
func TestKeptMessagesOfOneNode(t *testing.T) {
	only := &answering{statuses: []int{503, 0}}
	b := &backend{nodes: []*nodes.Node{node(t, 106, only)}}
	if outcome, _ := b.kept(t.Context(), "/kept/0", 7); outcome != model.Unknown || len(only.sent()) != 2 {
		t.Errorf("%v %q", outcome, only.sent())
	}
}

func TestNumbersInTurn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	outcomes := []model.Outcome{model.Acknowledged, model.Refused, model.Acknowledged, model.Unknown}
	p := &publisher{channel: "/plain/0", began: time.Now(), diary: newDiary(time.Now()), every: time.Microsecond, send: func(_ context.Context, _ string, n int) (model.Outcome, string) {
		if n == len(outcomes)-1 {
			cancel()
		}
		return outcomes[min(n, len(outcomes)-1)], "node"
	}}
	if p.last() != -1 {
		t.Error("a message was acknowledged before it was sent")
	}
	p.run(ctx)
	for n, o := range outcomes {
		if m := p.sent[n]; m.Number != n || m.Outcome != o || m.Channel != "/plain/0" || m.Answered < m.Sent || m.Node != "node" {
			t.Errorf("%+v", m)
		}
	}
	if len(p.diary.lines) != 2 || !strings.Contains(p.diary.lines[0], "1 of /plain/0: refused by node") {
		t.Errorf("%q", p.diary.lines)
	}
	if p.last() != 2 {
		t.Errorf("the last is %d", p.last())
	}
}

// A message during which the session changes is not compared with those of either.
func TestMessagesBetweenSessions(t *testing.T) {
	if takenBy("a", "a") != "a" {
		t.Error("a session has another name")
	}
	if between := takenBy("a", "b"); between == "a" || between == "b" || between == takenBy("b", "c") {
		t.Errorf("%q", between)
	}
}
