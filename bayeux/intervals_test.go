package bayeux

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/rules"
)

var (
	pacedChannels = []string{"/a/x", "/a/y", "/b"}
	pacedPatterns = []string{"/a/x", "/a/y", "/a/*", "/**"}
)

// pacedClient is a subscriber on a websocket that takes everything at once, with what
// it may expect of each channel.
type pacedClient struct {
	to        ReplyTo
	id        string
	intervals map[string]int64 // by pattern
	last      map[string]int   // number got last, by channel
	at        map[string]int64 // when
	due       map[string]int   // number that it must have in the end
	since     map[string]int64 // when its interval for the channel changed last
}

// pacedWorld is a server whose subscribers ask for intervals.
type pacedWorld struct {
	t       *rapid.T
	server  *Server
	now     int64
	fx      Effects
	serial  uint32
	number  int
	clients []*pacedClient
	replies []map[string]any
}

// TestIntervals lets clients come, go, and change what they ask for, while numbers are
// published. Nobody sees an older one after a newer, nor two within an interval; who
// asks for none sees all; in the end everybody has the last of each channel.
func TestIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newPacedWorld(t, rapid.SampledFrom([]string{"", "/b rate=5/s", "/a/* key=k"}).Draw(t, "rule"))
		for range rapid.IntRange(10, 200).Draw(t, "steps") {
			w.step(rapid.SampledFrom([]string{"publish", "publish", "publish", "pass", "pass", "subscribe", "unsubscribe", "replace"}).Draw(t, "op"))
		}
		for range 20 {
			w.pass()
		}
		for i, c := range w.clients {
			for name, n := range c.due {
				if c.last[name] != n {
					t.Fatalf("client %d has %d of %s, not %d", i, c.last[name], name, n)
				}
			}
		}
	})
}

func newPacedWorld(t *rapid.T, rule string) *pacedWorld {
	cfg := testConfig()
	cfg.Hold, cfg.MaxInterval, cfg.QueueMessages, cfg.QueueBytes = ages, ages, 1<<20, 1<<30
	if rule != "" {
		r, err := rules.Parse(rule, channel.Limits{MaxLength: 64, MaxSegments: 5})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Rules = rules.Rules{r}
	}
	w := &pacedWorld{t: t, server: NewServer(cfg, 0)}
	for range 3 {
		w.clients = append(w.clients, w.newClient())
	}
	return w
}

func (w *pacedWorld) newClient() *pacedClient {
	w.serial++
	c := &pacedClient{to: ReplyTo{Conn: w.serial, Serial: 1}, intervals: map[string]int64{}, last: map[string]int{},
		at: map[string]int64{}, due: map[string]int{}, since: map[string]int64{}}
	w.send(c, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}`)
	c.id = w.replies[0]["clientId"].(string)
	w.send(c, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}`, c.id))
	return c
}

func (w *pacedWorld) step(op string) {
	i := rapid.IntRange(0, len(w.clients)-1).Draw(w.t, "client")
	c := w.clients[i]
	switch op {
	case "publish":
		w.publish(rapid.SampledFrom(pacedChannels).Draw(w.t, "channel"))
	case "pass":
		w.pass()
	case "subscribe":
		pattern := rapid.SampledFrom(pacedPatterns).Draw(w.t, "pattern")
		interval := rapid.SampledFrom([]int64{0, 200, 500}).Draw(w.t, "interval")
		w.ask(c, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%q,"ext":{"conflate":{"interval":%d}}}`, c.id, pattern, interval))
		w.change(c, func() { c.intervals[pattern] = interval })
	case "unsubscribe":
		pattern := rapid.SampledFrom(pacedPatterns).Draw(w.t, "pattern")
		w.ask(c, fmt.Sprintf(`{"channel":"/meta/unsubscribe","clientId":%q,"subscription":%q}`, c.id, pattern))
		w.change(c, func() { delete(c.intervals, pattern) })
	case "replace": // its slot is used again
		w.ask(c, fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, c.id))
		w.clients[i] = w.newClient()
	}
}

// change notes what a client subscribes to: of what it has left nothing is due.
func (w *pacedWorld) change(c *pacedClient, act func()) {
	before := map[string]int64{}
	for _, name := range pacedChannels {
		before[name] = w.interval(c, name)
	}
	act()
	for _, name := range pacedChannels {
		if after := w.interval(c, name); after != before[name] {
			c.since[name] = w.now
			if after < 0 {
				delete(c.due, name)
			}
		}
	}
}

// interval is what a client wants for a channel by the letter of its subscriptions:
// the least of those that match, at least the rule's; -1 without one.
func (w *pacedWorld) interval(c *pacedClient, name string) int64 {
	least := int64(-1)
	for pattern, interval := range c.intervals {
		if channel.Matches([]byte(pattern), []byte(name)) && (least < 0 || interval < least) {
			least = interval
		}
	}
	if least < 0 {
		return -1
	}
	return max(least, w.server.rules.Of([]byte(name)).Interval)
}

func (w *pacedWorld) publish(name string) {
	w.number++
	for _, c := range w.clients {
		if w.interval(c, name) >= 0 {
			c.due[name] = w.number
		}
	}
	w.server.Deliver(w.now, event.New([]byte(name), fmt.Appendf(nil, `{"n":%d,"k":1}`, w.number), false))
	w.flush()
	for i, c := range w.clients {
		if w.interval(c, name) == 0 && c.last[name] != w.number {
			w.t.Fatalf("client %d did not get %d of %s at once", i, w.number, name)
		}
	}
}

func (w *pacedWorld) pass() {
	w.now += 100
	for w.server.Tick(w.now, &w.fx) {
	}
	w.flush()
}

func (w *pacedWorld) flush() {
	for w.server.Flush(w.now, 10, &w.fx) {
	}
	w.take(nil)
}

func (w *pacedWorld) ask(c *pacedClient, body string) {
	w.send(c, body)
	if !slices.ContainsFunc(w.replies, func(m map[string]any) bool { return m["successful"] == true || m["error"] != nil }) {
		w.t.Fatalf("no reply to %s: %v", body, w.replies)
	}
}

func (w *pacedWorld) send(c *pacedClient, body string) {
	var batch message.Batch
	scanner := message.Scanner{MaxDepth: 9, MaxMessages: 9}
	if err := scanner.Scan([]byte(body), &batch); err != nil {
		w.t.Fatal(err)
	}
	w.server.Handle(w.now, Request{To: c.to, Type: WebSocket}, &batch, &w.fx)
	w.take(c)
}

// take hands what is delivered to its clients; the replies are those to sender.
func (w *pacedWorld) take(sender *pacedClient) {
	w.replies = nil
	for i := range w.fx.List {
		e := &w.fx.List[i]
		var messages []map[string]any
		text := append(append([]byte("["), w.fx.Messages(e)...), ']')
		if json.Unmarshal(text, &messages) != nil {
			continue
		}
		for _, m := range messages {
			if _, reply := m["successful"]; !reply {
				w.note(e.To, m)
			} else if sender != nil && e.To == sender.to {
				w.replies = append(w.replies, m)
			}
		}
		if e.Numbered {
			w.server.Report(0, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
		}
	}
	w.fx.Reset()
}

func (w *pacedWorld) note(to ReplyTo, m map[string]any) {
	i := slices.IndexFunc(w.clients, func(c *pacedClient) bool { return c.to == to })
	data, ok := m["data"].(map[string]any)
	if i < 0 || !ok {
		return
	}
	c, name, n := w.clients[i], m["channel"].(string), int(data["n"].(float64))
	interval := w.interval(c, name)
	if n <= c.last[name] || interval < 0 {
		w.t.Fatalf("client %d got %d of %s after %d, subscribed with %v", i, n, name, c.last[name], c.intervals)
	}
	if c.last[name] > 0 && c.at[name] > c.since[name] && w.now-c.at[name] < interval {
		w.t.Fatalf("client %d got %d of %s %d ms after %d, and wants %d ms between them", i, n, name, w.now-c.at[name], c.last[name], interval)
	}
	c.last[name], c.at[name] = n, w.now
}

// A session that wants one event an hour of each channel keeps no more for itself than
// its queue may have, is told of what it lost, and leaves nothing behind.
func TestIntervalOfAnHour(t *testing.T) {
	cfg := testConfig()
	cfg.QueueBytes, cfg.QueueMessages = 1<<20, 1<<20
	b := newBacklogOf(t, false, cfg, 0, 0)
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/**","ext":{"conflate":{"interval":3600000}}}`, b.id))
	a, _ := b.server.Find([]byte(b.id))
	data := []byte(`"` + strings.Repeat("x", 10_000) + `"`)
	for i := range 4000 {
		b.server.Deliver(b.now, event.New(fmt.Append(nil, "/c/", i/2), data, false))
		if r := b.server.sessions.find(a); r.queue.Bytes()+r.queue.Reserved() > 1<<20+2*len(data) {
			t.Fatalf("event %d: %d bytes in the queue, %d reserved", i, r.queue.Bytes(), r.queue.Reserved())
		}
	}
	st := b.server.Stats()
	if st.QueueDropped == 0 || b.server.queues.Lost(&b.server.sessions.find(a).queue) == 0 {
		t.Errorf("%d dropped", st.QueueDropped)
	}
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, b.id))
	if b.server.fanout.Pauses() > 0 {
		t.Errorf("%d pauses outlive the session", b.server.fanout.Pauses())
	}
}

// What is kept during pauses leaves less room for an event that takes the place of a shorter one.
func TestReplacedEventHasRoomBesidePauses(t *testing.T) {
	cfg := testConfig()
	cfg.QueueBytes, cfg.QueueMessages = 3000, 1<<20
	b := newBacklogOf(t, false, cfg, 0, 0)
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a/*","ext":{"conflate":{"interval":300}}}`, b.id))
	a, _ := b.server.Find([]byte(b.id))
	for _, e := range []struct {
		channel string
		size    int
	}{{"/a/2", 1}, {"/a/2", 1000}, {"/a/3", 1000}, {"/a/1", 1}, {"/a/1", 1000}} {
		b.server.Deliver(b.now, event.New([]byte(e.channel), []byte(`"`+strings.Repeat("x", e.size)+`"`), false))
		if r := b.server.sessions.find(a); r.queue.Bytes()+r.queue.Reserved() > 3000 {
			t.Errorf("%s: %d bytes in the queue, %d reserved", e.channel, r.queue.Bytes(), r.queue.Reserved())
		}
	}
	if st := b.server.Stats(); st.QueueDropped == 0 || st.Conflated == 0 {
		t.Errorf("%d had to go, %d were replaced", st.QueueDropped, st.Conflated)
	}
}
