package bayeux

import (
	"fmt"
	"strings"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/message"
)

func scanned(t testing.TB, body string) (batch message.Batch) {
	t.Helper()
	scanner := message.Scanner{MaxDepth: 20, MaxMessages: 10_000}
	if err := scanner.Scan([]byte(body), &batch); err != nil {
		t.Fatal(err)
	}
	return batch
}

// backlogged is a client with so many events of a size that wait for it.
type backlogged struct {
	*world
	id    string
	names []string // data that it is to get, in order
	ack   int
}

func newBacklog(t testing.TB, ack bool, cfg Config, events, size int) *backlogged {
	cfg.QueueBytes, cfg.QueueMessages = 1<<30, 1<<20
	return newBacklogOf(t, ack, cfg, events, size)
}

// newBacklogOf is newBacklog with the limits of cfg.
func newBacklogOf(t testing.TB, ack bool, cfg Config, events, size int) *backlogged {
	b := &backlogged{world: &world{server: NewServer(cfg, 0)}}
	reply := b.talk(t, fmt.Sprintf(`{"channel":"/meta/handshake","ext":{"ack":%t}}`, ack))
	_, rest, _ := strings.Cut(reply, `"clientId":"`)
	b.id = rest[:ClientIDLen]
	b.talk(t, fmt.Sprintf(`[{"channel":"/meta/connect","clientId":%q},{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"}]`, b.id, b.id))
	b.publish(events, size)
	return b
}

func (b *backlogged) publish(events, size int) {
	for range events {
		name := fmt.Sprintf("event %d ", len(b.names))
		b.names = append(b.names, name)
		data := `"` + name + strings.Repeat("x", size-len(name)) + `"`
		b.server.Deliver(b.now, event.New([]byte("/a"), []byte(data), false))
	}
}

// talk sends a request that is answered at once and returns the reply's messages.
func (b *backlogged) talk(t testing.TB, body string) string {
	t.Helper()
	return b.talkBy(t, LongPolling, body)
}

func (b *backlogged) talkBy(t testing.TB, kind ConnectionType, body string) string {
	t.Helper()
	b.serial++
	batch := scanned(t, body)
	b.server.Handle(b.now, Request{To: ReplyTo{Serial: b.serial}, Type: kind}, &batch, &b.fx)
	defer b.fx.Reset()
	for i := range b.fx.List {
		if e := &b.fx.List[i]; e.Kind == Reply {
			text := string(b.fx.Messages(e))
			if e.Numbered {
				b.server.Report(b.now, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
			}
			return text
		}
	}
	return ""
}

// connect sends the next connect and returns what it is answered, empty if it is held.
func (b *backlogged) connect(t *testing.T, ack bool) string {
	t.Helper()
	ext := ""
	if ack {
		b.ack++
		ext = fmt.Sprintf(`,"ext":{"ack":%d}`, b.ack)
	}
	return b.talk(t, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q%s}`, b.id, ext))
}

// got tells how many of the names that follow those before are in a reply, in order.
func (b *backlogged) got(reply string, before int) (n int) {
	for before+n < len(b.names) {
		_, rest, found := strings.Cut(reply, b.names[before+n])
		if !found {
			break
		}
		reply = rest
		n++
	}
	return n
}

// Many events go with as many replies as it takes, each below the limit and all at once.
func TestRepliesStayBelowTheirLimit(t *testing.T) {
	for _, c := range []struct{ events, size int }{{30, 60_000}, {3000, 1000}, {1, 10}, {5, 262_000}} {
		for _, ack := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d of %d, ack %t", c.events, c.size, ack), func(t *testing.T) {
				b, got, replies := newBacklog(t, ack, testConfig(), c.events, c.size), 0, 0
				for got < c.events {
					reply := b.connect(t, ack)
					if reply == "" {
						t.Fatalf("a connect is held while %d events wait", c.events-got)
					}
					if len(reply) > 256<<10 {
						t.Fatalf("a reply of %d bytes", len(reply))
					}
					n := b.got(reply, got)
					if n == 0 || n != strings.Count(reply, "event ") {
						t.Fatalf("%d events of %d in order", n, strings.Count(reply, "event "))
					}
					got += n
					replies++
				}
				if most := c.events*(c.size+40)/(256<<10-c.size-1000) + 2; replies > most && c.size < 100_000 {
					t.Errorf("%d replies, want at most %d", replies, most)
				}
				if reply := b.connect(t, ack); reply != "" {
					t.Errorf("a connect for which nothing waits is answered: %.200s", reply)
				}
			})
		}
	}
}

// An event that is longer than a reply may be goes alone.
func TestLongEventGoesAlone(t *testing.T) {
	b := newBacklog(t, false, testConfig(), 2, 100)
	b.publish(1, 300_000)
	b.publish(2, 100)
	at := 0
	for _, want := range []int{2, 1, 2} {
		if n := b.got(b.connect(t, false), at); n != want {
			t.Fatalf("%d events after %d, want %d", n, at, want)
		}
		at += want
	}
}

// What rides on another reply, and what a stream takes at once, keep to the limit too.
func TestOtherRepliesKeepTheLimit(t *testing.T) {
	cfg := testConfig()
	cfg.ReplyBytes = 8 << 10
	b := newBacklog(t, false, cfg, 50, 500)
	publish := fmt.Sprintf(`{"channel":"/x","clientId":%q,"data":1}`, b.id)
	if n := b.got(b.talk(t, publish), 0); n != 0 {
		t.Fatalf("%d events with the reply to a publish by a poll's client", n)
	}
	reply := b.talkBy(t, WebSocket, publish)
	at := b.got(reply, 0)
	if at == 0 || len(reply) > cfg.ReplyBytes {
		t.Fatalf("%d events in %d bytes with the reply to a publish", at, len(reply))
	}
	batch := scanned(t, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}`, b.id))
	b.server.Handle(b.now, Request{To: ReplyTo{Serial: 1000}, Type: WebSocket}, &batch, &b.fx)
	for at < 50 {
		b.fx.Reset()
		b.server.Flush(b.now, 10, &b.fx)
		for i := range b.fx.List {
			if e := &b.fx.List[i]; e.Kind == Deliver {
				text := string(b.fx.Messages(e))
				if len(text) > cfg.ReplyBytes {
					t.Fatalf("%d bytes at once", len(text))
				}
				at += b.got(text, at)
				b.server.Report(b.now, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
			}
		}
		if len(b.fx.List) == 0 {
			t.Fatalf("the stream stops after %d", at)
		}
	}
}

// News of losses counts as well.
func TestRepliesWithLossesKeepTheLimit(t *testing.T) {
	cfg := testConfig()
	cfg.ReplyBytes = 8 << 10
	b := newBacklog(t, false, cfg, 50, 500)
	a, _ := b.server.Find([]byte(b.id))
	for i := range 200 {
		b.server.queues.Lose(&b.server.sessions.find(a).queue, fmt.Sprintf("/%d/%s", i, strings.Repeat("y", 50)))
	}
	if reply := b.connect(t, false); len(reply) > cfg.ReplyBytes || !strings.Contains(reply, "dropped") || b.got(reply, 0) == 0 {
		t.Errorf("%d bytes", len(reply))
	}
}
