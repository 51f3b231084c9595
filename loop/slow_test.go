package loop

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// burstSize events of 60 kB are more than the kernel takes for a client with a
// small receive buffer (--unsent-bytes).
const burstSize = 15

// burst is a batch of events that does not leave while its client does not read.
func burst(channel string) (batch []Publication, want []string) {
	pad := strings.Repeat("x", 60<<10)
	for n := range burstSize {
		data := fmt.Sprintf(`"%d %s"`, n, pad)
		batch = append(batch, publication(channel, data)...)
		want = append(want, data)
	}
	return batch, want
}

func mustEqualEvents(t testing.TB, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("event %d is %.20s…, want %.20s…", i, got[i], want[i])
		}
	}
}

// A client that does not read is closed when it takes nothing for SlowTimeout. Its events come, in
// order, over the connection that it opens next.
func TestSlowClientIsClosed(t *testing.T) { eachSocket(t, testSlowClientIsClosed) }

func testSlowClientIsClosed(t *testing.T, k socketKind) {
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := k.start(t, func(c *Config) {
				c.Loops, c.QueueBytes, c.ReplyBytes, c.MaxOutput, c.SlowTimeout = loops, 32<<20, 32<<20, 1<<20, time.Hour
			})
			home, slow := k.dial(t, s), k.dialSlow(t, s)
			id := home.subscriber("/a")
			slow.holdConnect(s, id)
			batch, want := burst("/a")
			if err := s.Publish(batch); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool {
				pass(t, s, time.Hour)
				st := s.Stats()
				return st.SlowClosed == 1 && st.Bounced == burstSize
			})
			mustEqualEvents(t, events(home.bayeux(connect(id))), want)
			if _, err := slow.tryRead(); err == nil {
				t.Error("the reply was completed on the closed connection")
			}
			eventually(t, func() bool { return s.Stats().Delivered == burstSize })
			equal(t, s.Stats().QueueDropped, 0)
		})
	}
}

// A message that is larger than a queue and the limit of a connection together reaches a client that reads. A connection that were closed
// for it would be closed again with the next reply, and the one after that.
func TestMessageBeyondTheLimits(t *testing.T) { eachSocket(t, testMessageBeyondTheLimits) }

func testMessageBeyondTheLimits(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.QueueBytes, c.MaxOutput = 64<<10, 64<<10 })
	home, slow := k.dial(t, s), k.dialSlow(t, s)
	id := home.subscriber("/a")
	slow.holdConnect(s, id)
	want := `"` + strings.Repeat("x", 1<<20) + `"`
	if err := s.Publish(publication("/a", want)); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !isHeld(s, id) })
	mustEqualEvents(t, events(slow.messages()), []string{want})
	equal(t, s.Stats().SlowClosed, 0)
}

// pass lets time pass for output that waits, and for nothing else: a busy machine may keep any
// other client from reading for as long.
func pass(t *testing.T, s *Server, d time.Duration) {
	t.Helper()
	err := s.visit(t.Context(), func(r *reactor) {
		for _, u := range r.output.slow {
			u.since -= d.Milliseconds()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A client that comes back while a reply to it is stuck gets its events there:
// the stuck connection is closed and never completes them.
func TestStuckReplyIsAbandoned(t *testing.T) { eachSocket(t, testStuckReplyIsAbandoned) }

func testStuckReplyIsAbandoned(t *testing.T, k socketKind) {
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := k.start(t, func(c *Config) { c.Loops, c.QueueBytes, c.ReplyBytes, c.MaxOutput = loops, 32<<20, 32<<20, 32<<20 })
			for range loops {
				home, slow := k.dial(t, s), k.dialSlow(t, s)
				id := home.subscriber("/a")
				slow.holdConnect(s, id)
				batch, want := burst("/a")
				if err := s.Publish(batch); err != nil {
					t.Fatal(err)
				}
				eventually(t, func() bool { return !isHeld(s, id) })
				mustPublish(t, s, "/a", "1")
				got := events(home.bayeux(connect(id)))
				if len(got) == burstSize {
					got = append(got, events(home.bayeux(connect(id)))...)
				}
				mustEqualEvents(t, got, append(want, "1"))
				if _, err := slow.tryRead(); err == nil {
					t.Error("the reply was completed on the abandoned connection")
				}
				home.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
			}
		})
	}
}

// What had not left when its connection was closed never leaves, even if there is
// room for it by then: its events go out again elsewhere.
func TestClosedReplyStaysIncomplete(t *testing.T) { eachSocket(t, testClosedReplyStaysIncomplete) }

func testClosedReplyStaysIncomplete(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.QueueBytes, c.ReplyBytes = 32<<20, 32<<20 })
	home, slow := k.dial(t, s), k.dialSlow(t, s)
	id := home.subscriber("/a")
	slow.holdConnect(s, id)
	batch, want := burst("/a")
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !isHeld(s, id) })
	drained := make(chan struct{})
	s.do(0, func(r *reactor) {
		<-drained
		for slot := range r.output.slow {
			r.abort(r.conns.At(slot))
		}
	})
	var head strings.Builder
	for more := int64(1); more > 0; { // the loop stands still: at some time no more comes
		slow.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		more, _ = io.Copy(&head, slow.in)
	}
	close(drained)
	slow.SetReadDeadline(time.Now().Add(deadline))
	io.Copy(&head, slow.in)
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head.String())), nil)
	if err == nil {
		_, err = io.ReadAll(response.Body)
	}
	if err == nil {
		t.Error("the reply was completed")
	}
	mustEqualEvents(t, home.collect(id, len(want)), want)
}

// A stuck reply does not stop others, and its own client gets all once it reads.
func TestSlowReaderGetsAll(t *testing.T) { eachSocket(t, testSlowReaderGetsAll) }

func testSlowReaderGetsAll(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.QueueBytes, c.ReplyBytes, c.MaxOutput = 32<<20, 32<<20, 32<<20 })
	other, slow := k.dial(t, s), k.dialSlow(t, s)
	id := other.subscriber("/a")
	slow.holdConnect(s, id)
	second := other.subscriber("/b")
	batch, want := burst("/a")
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !isHeld(s, id) })
	slow.send(post(publish(id, "/b", "1")) + post(connect(id))) // wait behind the stuck reply
	other.send(post(connect(second)))
	mustPublish(t, s, "/b", "2")
	equal(t, events(other.messages()), []string{"2"})
	mustEqualEvents(t, events(slow.messages()), want)
	equal(t, slow.messages()[0]["channel"], "/b")
	equal(t, events(other.bayeux(connect(second))), []string{"1"})
	eventually(t, func() bool { return isHeld(s, id) })
	mustPublish(t, s, "/a", "3")
	equal(t, events(slow.messages()), []string{"3"})
}

// What a client sends ahead of a reply that it does not read is bounded.
func TestFloodBehindStuckReply(t *testing.T) { eachSocket(t, testFloodBehindStuckReply) }

func testFloodBehindStuckReply(t *testing.T, k socketKind) {
	body := make([]byte, 4<<20)
	s := k.start(t, func(c *Config) {
		c.MaxMessage, c.MaxHeader, c.MaxOutput = 1<<10, 1<<10, 32<<20
		c.Pages = func(string) (Page, bool) { return Page{Body: body}, true }
	})
	w := k.dialSlow(t, s)
	w.send(request("GET", "/"))
	eventually(t, func() bool { return s.Stats().BytesOut > uint64(len(body)) })
	w.Write([]byte(strings.Repeat(request("GET", "/"), 2000)))
	eventually(t, func() bool { st := s.Stats(); return st.Floods == 1 && st.Connections == 0 })
	equal(t, s.Stats().Requests, 1)
}

// While a mailbox is over its limit publications are refused, both the server's
// own and those of clients; all that was accepted arrives, in order.
func TestCongestion(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.MaxMailbox = 2, 64<<10 })
	subscriber := dial(t, s)
	id := subscriber.subscriber("/a")
	busy, _ := bayeux.ParseClientID([]byte(id))
	publisher := dial(t, s)
	own := publisher.handshake()
	for {
		if a, _ := bayeux.ParseClientID([]byte(own)); a.Loop != busy.Loop {
			break
		}
		publisher = dial(t, s)
		own = publisher.handshake()
	}
	subscriber.holdConnect(s, id)
	stuck := make(chan struct{})
	s.do(busy.Loop, func(*reactor) { <-stuck })
	accepted, pad := 0, strings.Repeat("x", 1<<10)
	for accepted < 100 {
		reply := publisher.bayeux(publish(own, "/a", fmt.Sprintf(`"%d %s"`, accepted, pad)))[0]
		if reply["successful"] == false {
			equal(t, reply["error"], "503::server_busy")
			break
		}
		accepted++
	}
	if accepted < 10 || accepted >= 100 {
		t.Errorf("%d publications accepted", accepted)
	}
	equal(t, s.Publish(publication("/a", "1")), ErrBusy)
	equal(t, s.Publish(publication("/nobody", "1")), ErrBusy)
	close(stuck)
	var got []string
	for len(got) < accepted {
		got = append(got, events(subscriber.messages())...)
		subscriber.send(post(connect(id)))
	}
	for n, data := range got {
		if !strings.HasPrefix(data, fmt.Sprintf(`"%d `, n)) {
			t.Fatalf("event %d is %.10s", n, data)
		}
	}
	mustPublish(t, s, "/a", "1")
	equal(t, events(subscriber.messages()), []string{"1"})
	equal(t, publisher.bayeux(publish(own, "/b", "1"))[0]["successful"], true)
}
