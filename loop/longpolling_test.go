package loop

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func TestPublishReachesHeldPoll(t *testing.T) { eachSocket(t, testPublishReachesHeldPoll) }

func testPublishReachesHeldPoll(t *testing.T, k socketKind) {
	s := k.start(t, nil)
	a, b := k.dial(t, s), k.dial(t, s)
	id := a.subscriber("/stock/*")
	a.holdConnect(s, id)
	publisher := b.handshake()
	reply := b.bayeux(publish(publisher, "/stock/SPY", `{"price":167.4100,"big":12345678901234567890}`))
	equal(t, reply[0]["successful"], true)
	got := a.read()
	want := `[{"channel":"/stock/SPY","data":{"price":167.4100,"big":12345678901234567890}},{"channel":"/meta/connect","successful":true}]`
	if got.body != want {
		t.Errorf("got %s, want %s", got.body, want)
	}
	equal(t, got.Header.Get("Content-Type"), "application/json;charset=utf-8")
	if _, err := time.Parse(time.RFC1123, got.Header.Get("Date")); err != nil {
		t.Errorf("Date: %v", err)
	}
}

// Every event published between a client's reset and its return is kept for it,
// the first one included.
func TestNothingLostAfterReset(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"reset", "close"} {
		t.Run(how, func(t *testing.T) {
			s := start(t, nil)
			a, b := dial(t, s), dial(t, s)
			id := a.subscriber("/a")
			a.holdConnect(s, id)
			if how == "reset" {
				a.Conn.(*net.TCPConn).SetLinger(0)
			}
			a.Close()
			for n := 1; n <= 3; n++ {
				mustPublish(t, s, "/a", fmt.Sprint(n))
			}
			var got []string
			for len(got) < 3 {
				got = append(got, events(b.bayeux(connect(id)))...)
			}
			equal(t, got, []string{"1", "2", "3"})
		})
	}
}

// A burst published in one go is one reply.
func TestBurstIsOneReply(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a := dial(t, s)
	id := a.subscriber("/a")
	a.holdConnect(s, id)
	var batch []Publication
	for n := range 100 {
		batch = append(batch, publication("/a", fmt.Sprint(n))...)
	}
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	got := events(a.messages())
	if len(got) != 100 || got[0] != "0" || got[99] != "99" {
		t.Errorf("got %d events: %v", len(got), got)
	}
}

// Sessions whose connections are spread over loops behave as on one.
func TestLoopsForwardToEachOther(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Hold = 4, unhurried })
	const clients = 16
	type client struct {
		poll, other *wire
		id          string
	}
	var all []client
	for i := range clients {
		c := client{poll: dial(t, s), other: dial(t, s)}
		c.id = c.other.subscriber(fmt.Sprintf("/chat/%d", i%4))
		all = append(all, c)
	}
	for _, c := range all {
		c.poll.holdConnect(s, c.id)
	}
	for round := range 5 {
		publisher := all[round]
		publisher.other.bayeux(publish(publisher.id, fmt.Sprintf("/chat/%d", round%4), fmt.Sprint(round)))
		for i, c := range all {
			if i%4 != round%4 {
				continue
			}
			equal(t, events(c.poll.messages()), []string{fmt.Sprint(round)})
			c.poll.holdConnect(s, c.id)
		}
	}
	st := s.Stats()
	equal(t, st.Sessions, clients)
	equal(t, st.Held, clients)
	equal(t, st.Delivered, 20)
	equal(t, st.QueueDropped+st.Bounced+st.Panics, 0)
}

// The connection of a session on another loop closes: the session learns of it.
func TestLoopsTellEachOtherOfClosedPolls(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 4 })
	other := dial(t, s)
	for n := range 8 {
		id := other.subscriber("/a")
		poll := dial(t, s)
		poll.holdConnect(s, id)
		poll.Close()
		eventually(t, func() bool { return s.Stats().Held == 0 })
		mustPublish(t, s, "/a", fmt.Sprint(n))
		equal(t, events(other.bayeux(connect(id))), []string{fmt.Sprint(n)})
		other.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
	}
}

func TestSecondConnectDisplacesFirst(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	for range 6 {
		a, b := dial(t, s), dial(t, s)
		id := a.subscriber("/a")
		a.holdConnect(s, id)
		b.send(post(connect(id)))
		equal(t, displaced(a.messages()), true)
		equal(t, a.bayeux("[]"), []string{}) // the connection lives on
		mustPublish(t, s, "/a", "1")
		equal(t, events(b.messages()), []string{"1"})
	}
}

// Requests sent ahead are answered in order, held polls included.
func TestPipelining(t *testing.T) { eachSocket(t, testPipelining) }

func testPipelining(t *testing.T, k socketKind) {
	s := k.start(t, nil)
	a := k.dial(t, s)
	id := a.subscriber("/a")
	a.send(post(connect(id)) + post(publish(id, "/b", "1")) + post(`[{"channel":"/meta/handshake","id":"last"}]`))
	eventually(t, func() bool { return s.Stats().Held == 1 })
	mustPublish(t, s, "/a", "1")
	equal(t, events(a.messages()), []string{"1"})
	equal(t, a.messages()[0]["channel"], "/b")
	equal(t, a.messages()[0]["id"], "last")
}

// An error in a pipeline comes after the answers before it, and is received even
// though more input follows.
func TestErrorAfterPipeline(t *testing.T) { eachSocket(t, testErrorAfterPipeline) }

func testErrorAfterPipeline(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.MaxMessage = 1 << 20 }) // as much may come ahead of a reply
	a := k.dial(t, s)
	a.send(post(`[]`) + post(`[]`) + "BAD\x00REQUEST\r\n\r\n" + strings.Repeat("x", 200_000))
	equal(t, a.read().body, "[]")
	equal(t, a.read().body, "[]")
	bad := a.read()
	equal(t, bad.StatusCode, 400)
	equal(t, bad.Close, true)
	if _, err := a.tryRead(); err == nil {
		t.Error("the connection stays open")
	}
}

// While a poll is held, what a client sends ahead is bounded.
func TestFloodBehindHeldPoll(t *testing.T) { eachSocket(t, testFloodBehindHeldPoll) }

func testFloodBehindHeldPoll(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.MaxMessage = 1 << 10; c.MaxHeader = 1 << 10 })
	a := k.dial(t, s)
	id := a.subscriber("/a")
	a.holdConnect(s, id)
	a.Write([]byte(strings.Repeat("x", 8<<10)))
	eventually(t, func() bool { st := s.Stats(); return st.Floods == 1 && st.Held == 0 && st.Connections == 0 })
}

func TestPlainPolling(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a := dial(t, s)
	id := a.subscriber("/a")
	poll := fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"long-polling","clientId":%q,"advice":{"timeout":0,"interval":2000}}`, id)
	equal(t, a.bayeux(poll)[0]["advice"].(map[string]any)["interval"], 2000)
	mustPublish(t, s, "/a", "1")
	eventually(t, func() bool { return len(events(a.bayeux(poll))) == 1 })
}

func TestHoldTimesOut(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Hold = 300 * time.Millisecond })
	a := dial(t, s)
	id := a.subscriber("/a")
	reply := a.bayeux(connect(id))
	equal(t, len(reply), 1)
	equal(t, reply[0]["successful"], true)
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.MaxInterval = time.Second })
	a := dial(t, s)
	id := a.subscriber("/a")
	eventually(t, func() bool { return s.Stats().Expired == 1 })
	reply := a.bayeux(connect(id))[0]
	equal(t, reply["error"], "402::session_unknown")
	equal(t, reply["advice"].(map[string]any)["reconnect"], "handshake")
	set := s.interest.Of("/a")
	equal(t, set.Empty(), true)
}
