package bayeux

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
	"halley/bayeux/message"
)

// modelClient is a client as a naive reader of the protocol sees it: it sends one
// connect at a time and notes what it is given.
type modelClient struct {
	id      string
	request ReplyTo  // its connect that waits for a reply
	waits   bool     // for that reply
	want    []string // data published to its channel since it subscribed, in order
	got     []string
	flight  *Effect // a reply with events whose fate is not decided
	events  []string
}

// world is a server, its clients and the chance that decides over both.
type world struct {
	t       *rapid.T
	server  *Server
	now     int64
	serial  uint32
	fx      Effects
	clients []*modelClient
}

// TestNothingLostNorDoubled publishes to clients whose connections close, whose
// replies bounce, and who reconnect at any time. In the end each of them has every
// event once, in order.
func TestNothingLostNorDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for step := range rapid.IntRange(10, 150).Draw(t, "steps") {
			c := w.clients[rapid.IntRange(0, len(w.clients)-1).Draw(t, "client")]
			w.step(c, rapid.SampledFrom([]string{"publish", "publish", "connect", "connect", "flush", "gone", "written", "written", "bounced", "tick"}).Draw(t, "op"), step)
		}
		for range 3 {
			w.settle()
		}
		for i, c := range w.clients {
			if !slices.Equal(c.got, c.want) {
				t.Fatalf("client %d got %v, want %v", i, c.got, c.want)
			}
		}
	})
}

func newWorld(t *rapid.T) *world {
	cfg := testConfig()
	cfg.Hold, cfg.MaxInterval = ages, ages // nobody expires
	cfg.QueueMessages = 1 << 20
	cfg.QueueBytes = 1 << 30
	w := &world{t: t, server: NewServer(cfg, 0)}
	for i := range 3 {
		c := &modelClient{}
		w.clients = append(w.clients, c)
		reply := w.post(`{"channel":"/meta/handshake"}`)
		c.id = reply[0]["clientId"].(string)
		w.post(fmt.Sprintf(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"},{"channel":"/meta/subscribe","clientId":%q,"subscription":"/c%d"}]`, c.id, c.id, i%2))
	}
	return w
}

func (w *world) step(c *modelClient, op string, step int) {
	switch op {
	case "publish":
		name := fmt.Sprintf("/c%d", step%2)
		w.server.Deliver(w.now, event.New([]byte(name), []byte(fmt.Sprint(step)), false))
		for i, other := range w.clients {
			if i%2 == step%2 {
				other.want = append(other.want, fmt.Sprint(step))
			}
		}
	case "connect":
		w.connect(c)
	case "flush":
		w.server.Flush(w.now, 10, &w.fx)
		w.take()
	case "gone":
		if c.waits {
			w.server.Report(w.now, &Report{Kind: Gone, Session: w.address(c), To: c.request}, nil)
			c.waits = false
		}
	case "written":
		w.decide(c, true)
	case "bounced":
		w.decide(c, false)
	case "tick":
		w.now += 100
		w.server.Tick(w.now, &w.fx)
		w.take()
	}
}

// connect sends the next connect. A client that still has a reply under way may
// do so too: it has lost patience, and that reply its connection.
func (w *world) connect(c *modelClient) {
	w.serial++
	c.request, c.waits = ReplyTo{Serial: w.serial}, true
	w.send(c, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id))
}

// decide tells the fate of the reply under way: only a written one was received.
func (w *world) decide(c *modelClient, written bool) {
	if c.flight == nil {
		return
	}
	e := c.flight
	c.flight = nil
	if !written {
		w.server.Report(0, &Report{Kind: Bounced, Session: e.Session, Upto: e.Upto}, nil)
		return
	}
	c.got = append(c.got, c.events...)
	w.server.Report(0, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
}

// settle lets everything arrive.
func (w *world) settle() {
	for _, c := range w.clients {
		w.decide(c, true)
		w.connect(c)
		w.decide(c, true)
		w.step(c, "flush", 0)
		w.decide(c, true)
	}
}

func (w *world) address(c *modelClient) Address {
	a, ok := w.server.Find([]byte(c.id))
	if !ok {
		w.t.Fatal("session is gone")
	}
	return a
}

// post sends a request that is answered at once and returns its reply.
func (w *world) post(body string) []map[string]any {
	w.serial++
	w.handle(ReplyTo{Serial: w.serial}, body)
	reply := w.decode(&w.fx.List[len(w.fx.List)-1])
	w.fx.Reset()
	return reply
}

func (w *world) send(c *modelClient, body string) {
	w.handle(c.request, body)
	w.take()
}

func (w *world) handle(to ReplyTo, body string) {
	var batch message.Batch
	scanner := message.Scanner{MaxDepth: 9, MaxMessages: 9}
	if err := scanner.Scan([]byte(body), &batch); err != nil {
		w.t.Fatal(err)
	}
	w.server.Handle(w.now, Request{To: to}, &batch, &w.fx)
}

// take hands replies to the clients whose requests they answer. A reply to a
// request that its client gave up bounces.
func (w *world) take() {
	for i := range w.fx.List {
		e := w.fx.List[i]
		if e.Kind == Reply {
			w.receive(&e)
		}
	}
	w.fx.Reset()
}

func (w *world) receive(e *Effect) {
	for _, c := range w.clients {
		if !c.waits || c.request != e.To {
			continue
		}
		c.waits = false
		if e.Numbered {
			c.flight, c.events = e, dataOf(w.decode(e))
		}
		return
	}
	if e.Numbered {
		w.server.Report(0, &Report{Kind: Bounced, Session: e.Session, Upto: e.Upto}, nil)
	}
}

func (w *world) decode(e *Effect) (messages []map[string]any) {
	if err := json.Unmarshal(append(append([]byte("["), w.fx.Messages(e)...), ']'), &messages); err != nil {
		w.t.Fatal(err)
	}
	return messages
}

func dataOf(messages []map[string]any) (data []string) {
	for _, m := range messages {
		if d, ok := m["data"]; ok {
			data = append(data, fmt.Sprint(d))
		}
	}
	return data
}
