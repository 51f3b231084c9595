package loop

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// mustCloseWith reads to a close frame, over what else comes, and to the end of
// the connection.
func (w *wire) mustCloseWith(code uint16) (texts []map[string]any) {
	w.t.Helper()
	for {
		opcode, payload := w.readFrame()
		switch opcode {
		case 0x81:
			texts = append(texts, decode(w.t, payload)...)
			continue
		case 0x88:
			equal(w.t, binary.BigEndian.Uint16([]byte(payload)), code)
		default:
			continue
		}
		if _, err := w.in.ReadByte(); err != io.EOF {
			w.t.Errorf("after the close: %v", err)
		}
		return texts
	}
}

// session opens a session on a websocket, with a subscription and a connect, which
// makes it the session's stream.
func (w *wire) session(pattern string) (id string) {
	w.t.Helper()
	id = w.roundTrip(`[{"channel":"/meta/handshake","supportedConnectionTypes":["websocket"]}]`)[0]["clientId"].(string)
	equal(w.t, w.roundTrip("[" + wsConnect(id) + "," + subscribe(id, pattern) + "]")[1]["successful"], true)
	return id
}

// manySessions opens count sessions that are subscribed to /a.
func (w *wire) manySessions(count int) (ids []string) {
	w.t.Helper()
	for range count {
		w.frame(1, `[{"channel":"/meta/handshake"}]`)
	}
	for range count {
		ids = append(ids, w.text()[0]["clientId"].(string))
	}
	for _, id := range ids {
		w.frame(1, "["+wsConnect(id)+","+subscribe(id, "/a")+"]")
	}
	for range count {
		equal(w.t, w.text()[1]["successful"], true)
	}
	return ids
}

func wsConnectNow(id string) string {
	return fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"websocket","clientId":%q,"advice":{"timeout":0}}`, id)
}

func wsDisconnect(id string) string {
	return fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id)
}

// joined is how many sessions have a websocket for their stream.
func joined(s *Server) (n int) {
	s.visit(context.Background(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			if c.phase == upgraded {
				n += len(c.stream.sessions)
			}
			return true
		})
	})
	return n
}

// Sessions share a websocket: each gets its own events, and one's end is not
// another's. They may live on different loops, after their clients' reload.
func TestSocketOfManySessions(t *testing.T) { eachEncryption(t, testSocketOfManySessions) }

func testSocketOfManySessions(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.Loops = 3 })
	w := socketOf(t, s)
	ids := []string{w.session("/0")}
	for n := 1; n < 6; n++ {
		id := dial(t, s).subscriber(fmt.Sprint("/", n))
		equal(t, w.roundTrip(wsConnectNow(id))[0]["successful"], true)
		ids = append(ids, id)
	}
	eventually(t, func() bool { return joined(s) == 6 })
	for n := range ids {
		mustPublish(t, s, fmt.Sprint("/", n), fmt.Sprint(n))
		equal(t, w.text(), decode(t, fmt.Sprintf(`[{"channel":"/%d","data":%d}]`, n, n)))
	}
	equal(t, w.roundTrip(wsDisconnect(ids[2]))[0]["successful"], true)
	home := dial(t, s)
	home.send(post(connect(ids[3])))
	eventually(t, func() bool { return joined(s) == 4 && isHeld(s, ids[3]) })
	mustPublish(t, s, "/3", `"polled"`)
	equal(t, events(home.messages()), []string{`"polled"`})
	mustPublish(t, s, "/1", `"pushed"`)
	equal(t, events(w.text()), []string{`"pushed"`})
	w.Close()
	eventually(t, func() bool { return joined(s) == 0 })
	mustPublish(t, s, "/1", `"kept"`)
	equal(t, events(dial(t, s).bayeux(connect(ids[1]))), []string{`"kept"`})
}

// A websocket serves one session after the other without end, but only so many at
// once. What is one too many closes it, and all can go on elsewhere.
func TestSessionsOfOneSocket(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	w := socketOf(t, s)
	for _, id := range w.manySessions(maxSocketSessions) {
		w.frame(1, wsDisconnect(id))
		w.text()
	}
	equal(t, joined(s), 0)
	ids := w.manySessions(maxSocketSessions)
	equal(t, joined(s), maxSocketSessions)
	id := dial(t, s).subscriber("/a")
	w.frame(1, wsConnect(id))
	w.mustCloseWith(1008)
	eventually(t, func() bool { return joined(s) == 0 })
	mustPublish(t, s, "/a", "1")
	for _, id := range []string{id, ids[0], ids[maxSocketSessions-1]} {
		equal(t, events(dial(t, s).bayeux(connect(id))), []string{"1"})
	}
}

// A silent websocket is pinged, and whatever the client says to that is fine.
func TestSocketHeartbeat(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Heartbeat = 100 * time.Millisecond })
	w := socketOf(t, s)
	id := w.session("/a")
	for range 3 {
		opcode, payload := w.readFrame()
		equal(t, []any{opcode, payload}, []any{0x89, ""})
		w.frame(10, "")
	}
	w.frame(10, "unasked")
	w.frame(1, publish(id, "/a", "1"))
	equal(t, events(append(w.text(), w.text()...)), []string{"1"})
}

// A websocket that no session uses is closed, one with a session is not; nor is one
// closed whose client only publishes.
func TestIdleSocket(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.IdleTimeout = time.Hour })
	used, idle, busy := socketOf(t, s), socketOf(t, s), socketOf(t, s)
	used.session("/a")
	publisher := busy.roundTrip(`[{"channel":"/meta/handshake"}]`)[0]["clientId"].(string)
	for range 2 {
		silence(t, s, 40*time.Minute)
		equal(t, busy.roundTrip(publish(publisher, "/b", "1"))[0]["successful"], true)
	}
	idle.mustCloseWith(1000)
	idle.Close()
	eventually(t, func() bool { return s.Stats().Connections == 2 })
}

// silence lets time pass for websockets, and their heartbeat come.
func silence(t testing.TB, s *Server, d time.Duration) {
	t.Helper()
	err := s.visit(t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			if c.phase == upgraded {
				c.stream.since -= d.Milliseconds()
				r.output.beat(c)
			}
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A message that does not come to its end in time closes its websocket; one that
// is slow but does is welcome.
func TestUnfinishedMessage(t *testing.T) { eachEncryption(t, testUnfinishedMessage) }

func testUnfinishedMessage(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.BodyTimeout = 10 * time.Minute })
	slow, never := socketOf(t, s), socketOf(t, s)
	slow.session("/a")
	never.session("/a")
	never.send("\x01\x81abcd")
	slow.send("\x01\x80abcd")
	begun := func() (n int) {
		s.visit(t.Context(), func(r *reactor) {
			r.conns.Each(func(_ uint32, c *conn) bool {
				if c.phase == upgraded && c.stream.message != nil {
					n++
				}
				return true
			})
		})
		return n
	}
	eventually(t, func() bool { return begun() == 2 })
	silence(t, s, 6*time.Minute)
	slow.send("\x80\x82\x00\x00\x00\x00[]")
	equal(t, len(slow.text()), 0)
	silence(t, s, 6*time.Minute)
	never.mustCloseWith(1008)
	slow.roundTrip("[]")
}

// What a client sends after its close frame is not read, and what waited for it
// goes to the session's next connection.
func TestClosedWithEventsUnsent(t *testing.T) { eachSocket(t, testClosedWithEventsUnsent) }

func testClosedWithEventsUnsent(t *testing.T, k socketKind) {
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := k.start(t, func(c *Config) { roomy(c); c.Loops = loops })
			w := k.dialSlow(t, s)
			w.send(upgradeRequest(""))
			equal(t, w.read().StatusCode, 101)
			id := w.session("/a")
			batch, want := big("/a", 80)
			if err := s.Publish(batch); err != nil {
				t.Fatal(err)
			}
			stalled(t, s)
			w.frame(8, "\x03\xe8")
			w.frame(1, publish(id, "/a", `"after the close"`))
			eventually(t, func() bool { return joined(s) == 0 })
			home := k.dial(t, s)
			var got []string
			for len(got) == 0 || got[len(got)-1] != want[len(want)-1] {
				got = append(got, events(home.bayeux(connect(id)))...)
			}
			mustEqualEvents(t, got, want[len(want)-len(got):])
			w.tcp().SetReadBuffer(1 << 20)
			read := w.mustEndWithin(t, want)
			if read+len(got) < len(want) {
				t.Logf("%d events were on their way to the closed websocket", len(want)-len(got)-read)
			}
			if read+len(got) > len(want) {
				t.Errorf("%d events there and %d here: some came twice", read, len(got))
			}
		})
	}
}

// mustEndWithin counts the whole frames with events until the connection ends.
func (w *wire) mustEndWithin(t testing.TB, want []string) (n int) {
	t.Helper()
	for {
		opcode, payload, err := w.tryFrame()
		if err != nil {
			return n
		}
		if opcode == 0x81 {
			got := events(decode(t, payload))
			mustEqualEvents(t, got, want[n:n+len(got)])
			n += len(got)
		}
	}
}

// Rules and limits hold on a websocket as they do for a poll.
func TestSocketRules(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Rules = []string{"/hidden/** subscribe=none", "/ticker/** publish=internal", "/open publish=any"}
		c.MaxSubscriptions = 2
	})
	w := socketOf(t, s)
	id := w.session("/a")
	for request, want := range map[string]string{
		subscribe(id, "/hidden/x"):                      "403:denied_by_rule:subscribe_denied",
		subscribe(id, "/**"):                            "403:denied_by_rule:subscribe_denied",
		publish(id, "/ticker/SPY", "1"):                 "403:denied_by_rule:publish_denied",
		publish("0123", "/a", "1"):                      "402::session_unknown",
		`{"channel":"/open","data":1}`:                  "",
		`{"channel":"/service/x","data":1}`:             "402::session_unknown",
		wsConnect("0123"):                               "402::session_unknown",
		`{"channel":"/meta/nothing"}`:                   "403:denied_by_security_policy:channel_create_denied",
		subscribe(id, "/b") + "," + subscribe(id, "/c"): "403::too_many_subscriptions",
	} {
		replies := w.roundTrip("[" + request + "]")
		text, _ := replies[len(replies)-1]["error"].(string)
		if text != want {
			t.Errorf("%s: got %q, want %q", request, text, want)
		}
	}
}

// A policy that takes its time over what comes on a websocket is waited for; the
// messages behind it in the batch are in order. The websocket may be gone by then.
func TestSocketAuthority(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t, 2)
	w := socketOf(t, s)
	id := w.session("/a")
	w.frame(1, "["+subscribe(id, "/wait")+","+publish(id, "/x", "1")+"]")
	j.next(t)(bayeux.Deny)
	got := w.text()
	equal(t, []any{got[0]["successful"], got[1]["successful"]}, []any{false, true})
	w.frame(1, subscribe(id, "/wait"))
	verdict := j.next(t)
	w.Close()
	eventually(t, func() bool { return s.Stats().Connections == 0 })
	verdict(bayeux.Allow)
	eventually(t, func() bool { set := s.interest.Of("/wait"); return !set.Empty() })
	mustPublish(t, s, "/wait", "1")
	equal(t, events(dial(t, s).bayeux(connect(id))), []string{"1"})
	equal(t, s.Stats().Panics, 0)
}

// What no message may be closes the websocket with the code that says so.
func TestSocketLimits(t *testing.T) { eachEncryption(t, testSocketLimits) }

func testSocketLimits(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.MaxMessage, c.Scanner.MaxMessages, c.Scanner.MaxDepth = 2<<10, 10, 8 })
	pad := strings.Repeat(" ", 2<<10-2)
	for name, row := range map[string]struct {
		sent string
		code uint16
	}{
		"one byte too much": {"[" + pad + " ]", 1009},
		"too many messages": {"[" + strings.Repeat(`{"channel":"/a"},`, 10) + `{"channel":"/a"}]`, 1007},
		"too deep":          {strings.Repeat("[", 9) + strings.Repeat("]", 9), 1007},
	} {
		t.Run(name, func(t *testing.T) {
			w := socketOf(t, s)
			equal(t, len(w.roundTrip("["+pad+"]")), 0)
			w.frame(1, row.sent)
			w.mustCloseWith(row.code)
		})
	}
	t.Run("announced", func(t *testing.T) {
		w := socketOf(t, s)
		w.send("\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00abcd") // a gigabyte
		w.mustCloseWith(1009)
	})
	t.Run("in fragments", func(t *testing.T) {
		w := socketOf(t, s)
		w.send("\x01\x80abcd" + strings.Repeat("\x00\x80abcd", maxFragments))
		w.mustCloseWith(1009)
	})
}
