package loop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// big is a batch of events that a client with a small receive buffer does not get
// before it reads.
func big(channel string, count int) (batch []Publication, want []string) {
	pad := strings.Repeat("x", 60<<10)
	for n := range count {
		data := fmt.Sprintf(`"%d %s"`, n, pad)
		batch = append(batch, publication(channel, data)...)
		want = append(want, data)
	}
	return batch, want
}

func roomy(c *Config) { c.QueueBytes, c.ReplyBytes, c.MaxOutput = 32<<20, 32<<20, 32<<20 }

// stalled waits until the server has written what it can to a client that does
// not read.
func stalled(t testing.TB, s *Server) {
	t.Helper()
	last, since := uint64(0), time.Now()
	eventually(t, func() bool {
		st := s.Stats()
		if st.BytesOut != last {
			last, since = st.BytesOut, time.Now()
		}
		return last > 48<<10 && st.Slow > 0 && time.Since(since) > 150*time.Millisecond
	})
}

// An answer that is too much for a client that does not read ends the connection,
// and nothing else.
func TestTooMuchForOneConnection(t *testing.T) { eachSocket(t, testTooMuchForOneConnection) }

func testTooMuchForOneConnection(t *testing.T, k socketKind) {
	body := make([]byte, 8<<20)
	s := k.start(t, func(c *Config) {
		c.QueueBytes, c.MaxOutput = 1<<10, 4<<10
		c.Pages = func(string) (Page, bool) { return Page{Body: body}, true }
	})
	w := k.dialSlow(t, s)
	w.send(request("GET", "/"))
	eventually(t, func() bool { st := s.Stats(); return st.SlowClosed == 1 && st.Connections == 0 })
	equal(t, s.Stats().Panics, 0)
}

// A client that has read all of a stuck reply and comes back at once, on another
// connection, gets nothing twice.
func TestReadToTheEndAndBack(t *testing.T) { eachSocket(t, testReadToTheEndAndBack) }

func testReadToTheEndAndBack(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { roomy(c); c.Loops = 2 })
	for round := range 2 {
		channel := fmt.Sprint("/a", round)
		home, slow := k.dial(t, s), k.dialSlow(t, s)
		id := home.subscriber(channel)
		slow.holdConnect(s, id)
		batch, want := big(channel, 80)
		if err := s.Publish(batch); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return !isHeld(s, id) })
		slow.tcp().SetReadBuffer(1 << 20)
		got := events(slow.messages())
		if round%2 == 0 {
			slow.Close()
		}
		home.send(post(connect(id)))
		mustPublish(t, s, channel, "1")
		mustEqualEvents(t, append(got, events(home.messages())...), append(want, "1"))
	}
	equal(t, s.Stats().Bounced, 0)
}

// A browser that opens its event-stream anew gets what was stuck on the old one at
// once, and each event once.
func TestEventSourceAnew(t *testing.T) { eachSocket(t, testEventSourceAnew) }

func testEventSourceAnew(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { roomy(c); c.Loops, c.StreamBytes = 2, 64<<20 })
	home, old, fresh := k.dial(t, s), k.dialSlow(t, s), k.dial(t, s)
	id := home.subscriber("/a")
	open := getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n")
	old.send(open)
	eventually(t, func() bool { return hasStream(s, id) })
	home.hears(id)
	batch, want := big("/a", 80)
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	stalled(t, s)
	_, in := fresh.openStream(open)
	var got []string
	for len(got) == 0 || got[len(got)-1] != want[len(want)-1] {
		if data, ok := strings.CutPrefix(line(t, in), "data: "); ok {
			got = append(got, events(decode(t, data))...)
		}
	}
	// What the kernel had taken for the old one cannot come back.
	mustEqualEvents(t, got, want[len(want)-len(got):])
	if len(got) < 10 {
		t.Errorf("only %d events came back", len(got))
	}
}

// hasStream tells whether the session of a clientId has a stream.
func hasStream(s *Server, id string) (has bool) {
	a, _ := bayeux.ParseClientID([]byte(id))
	s.visit(context.Background(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			has = has || c.phase == streaming && c.held == a || c.phase == upgraded && slices.Contains(c.stream.sessions, a)
			return !has
		})
	})
	return has
}
