package loop

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux"
	terms "halley/bayeux/reply"
)

func startJudged(t *testing.T, loops int) (*Server, *touchy) {
	j := new(touchy)
	return start(t, func(c *Config) { c.Loops, c.Authority = loops, j }), j
}

func TestAuthorityDecides(t *testing.T) {
	t.Parallel()
	s, _ := startJudged(t, 1)
	w := dial(t, s)
	id := w.handshake()
	equal(t, w.bayeux(subscribe(id, "/deny"))[0]["error"], "403:denied_by_rule:subscribe_denied")
	equal(t, w.bayeux(publish(id, "/deny", "1"))[0]["error"], "403:denied_by_rule:publish_denied")
	denied := w.bayeux(`{"channel":"/meta/handshake","version":"1.0","ext":{"token":"deny"}}`)[0]
	equal(t, denied["error"], "403::handshake_denied")
	equal(t, denied["advice"], map[string]any{"reconnect": "none"})
	equal(t, s.Stats().Sessions, 1)
}

// A verdict may come late and from any goroutine: the batch goes on with it, in
// order, and others are served meanwhile.
func TestLateVerdict(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s, j := startJudged(t, loops)
			home, asking := dial(t, s), dial(t, s)
			id := home.handshake()
			asking.send(post("[" + publish(id, "/one", "1") + "," + subscribe(id, "/wait") + "," + publish(id, "/wait", "2") + "]"))
			first := j.next(t)
			equal(t, home.bayeux(publish(id, "/fine", "1"))[0]["successful"], true)
			asking.send(post("[]")) // waits behind
			go func() { first(bayeux.Allow); first(bayeux.Deny) }()
			second := j.next(t)
			go second(bayeux.Deny)
			reply := asking.messages()
			equal(t, len(reply), 3)
			equal(t, reply[0]["channel"], "/one")
			equal(t, reply[1]["successful"], true)
			equal(t, reply[2]["error"], "403:denied_by_rule:publish_denied")
			equal(t, asking.read().body, "[]")
			mustPublish(t, s, "/wait", "3")
			eventually(t, func() bool {
				got := events(home.bayeux(connect(id)[:len(connect(id))-1] + `,"advice":{"timeout":0}}`))
				return len(got) == 1 && got[0] == "3"
			})
		})
	}
}

// The connection that waited closes: its session lives on, the verdict counts,
// and whoever has the connection's place by then gets nothing of it.
func TestVerdictAfterClose(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s, j := startJudged(t, loops)
			home := dial(t, s)
			id := home.handshake()
			asking := dial(t, s)
			asking.send(post(subscribe(id, "/wait")))
			verdict := j.next(t)
			asking.Close()
			eventually(t, func() bool { return s.Stats().Connections == 1 })
			heir := dial(t, s)
			heir.send("POST /bayeux HTTP/1.1\r\n")
			eventually(t, func() bool { return s.Stats().Connections == 2 })
			verdict(bayeux.Allow)
			eventually(t, func() bool { set := s.interest.Of("/wait"); return !set.Empty() })
			heir.send("Host: h\r\nContent-Length: 2\r\n\r\n[]")
			equal(t, heir.read().body, "[]")
			mustPublish(t, s, "/wait", "1")
			equal(t, home.collect(id, 1), []string{"1"})
		})
	}
}

// A handshake that waits makes its session when it is allowed.
func TestHandshakeWaits(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t, 2)
	for _, verdict := range []bayeux.Ruling{bayeux.Allow, bayeux.Deny} {
		w := dial(t, s)
		w.send(post(`{"channel":"/meta/handshake","ext":{"token":"wait"},"id":"1"}`))
		j.next(t)(verdict)
		reply := w.messages()[0]
		equal(t, reply["successful"], verdict == bayeux.Allow)
		equal(t, reply["id"], "1")
		equal(t, s.Stats().Sessions, 1)
	}
}

// A verdict that comes after the server has ended does nothing.
func TestVerdictAfterTheEnd(t *testing.T) {
	t.Parallel()
	j := new(touchy)
	s := run(t, func(c *Config) { c.Authority = j })
	w := dial(t, s.Server)
	w.send(post(publish(w.handshake(), "/wait", "1")))
	verdict := j.next(t)
	s.stop()
	s.wait(t)
	verdict(bayeux.Allow)
	w.mustEnd()
	equal(t, s.Publish(publication("/a", "1")), ErrClosed)
}

// The rest of a batch goes on for the session of its first message.
func TestResumeKeepsTheOwner(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Authority = &touchy{ask: func(answer func(bayeux.Verdict)) { answer(bayeux.Verdict{}) }}
		c.Rules = []string{"/open/** publish=any"}
	})
	w := dial(t, s)
	id := w.handshake()
	for _, other := range []string{"x", ""} {
		reply := w.bayeux("[" + publish(id, "/a", "1") + "," + publish(other, "/open/wait", "1") + "," +
			publish(id, "/a", "1") + "," + publish(other, "/a", "1") + "]")
		equal(t, []any{reply[1]["successful"], reply[2]["successful"], reply[3]["successful"]}, []any{true, true, false})
	}
}

// witness is an authority that allows everything and remembers who asked.
type witness struct {
	mu      sync.Mutex
	callers map[string]bayeux.Caller // by operation and the last segment of a channel
}

func (*witness) Fields() []string { return []string{"Authorization", "cookie"} }

func (a *witness) Decide(q bayeux.Question) bayeux.Verdict {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.callers[fmt.Sprintf("%d%s%s", q.Operation, q.Channel, q.Patterns)] = *q.Caller
	return bayeux.Verdict{}
}

func (*witness) Ask(bayeux.Question, func(bayeux.Verdict)) {}

func (a *witness) caller(question string) bayeux.Caller {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.callers[question]
}

// A question says who asks: the address, and those header fields that the authority wants,
// of the request or of the upgrade, on whatever loop the session lives.
func TestCallers(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 4} {
		a := &witness{callers: map[string]bayeux.Caller{}}
		s := start(t, func(c *Config) { c.Loops, c.Authority = loops, a })
		id := dial(t, s).handshake()
		check := func(question string, w *wire, fields ...bayeux.Field) {
			t.Helper()
			eventually(t, func() bool { return a.caller(question).Address != "" })
			got := a.caller(question)
			equal(t, got.Address, w.LocalAddr().String())
			equal(t, got.Fields, fields)
		}
		for n := range 2 * loops {
			w, name := dial(t, s), fmt.Sprint("/", n)
			w.ask(postWith("/bayeux", publish(id, name, "1"), "AUTHORIZATION: Bearer 1", "Accept: x", "Cookie: a=1", "Cookie: b=2"))
			check("2"+name+"[]", w, bayeux.Field{Name: "AUTHORIZATION", Value: "Bearer 1"}, bayeux.Field{Name: "Cookie", Value: "a=1"},
				bayeux.Field{Name: "Cookie", Value: "b=2"})
		}
		w := dial(t, s)
		w.send(getRequest("/events?channel=/e", "Authorization: Bearer 2\r\n"))
		check("1[/e]", w, bayeux.Field{Name: "Authorization", Value: "Bearer 2"})
		w = dial(t, s)
		script := "/bayeux?message=" + url.QueryEscape(publish(id, "/script", "1"))
		equal(t, w.ask(request("GET", script, "Authorization: Bearer 4", "Cookie: c=3", "Sec-Fetch-Site: same-origin")).StatusCode, 200)
		check("2/script[]", w, bayeux.Field{Name: "Authorization", Value: "Bearer 4"}) // and no cookie: any page has script elements
		w = dial(t, s)
		equal(t, w.ask(upgradeRequest("Authorization: Bearer 3\r\n")).StatusCode, 101)
		w.roundTrip(publish(id, "/socket", "1"))
		check("2/socket[]", w, bayeux.Field{Name: "Authorization", Value: "Bearer 3"})
	}
}

// More of a header than an authority may keep of one is refused, before anything is made
// of the request; without an authority nothing is looked at.
func TestCallersAreBounded(t *testing.T) {
	t.Parallel()
	asked := start(t, func(c *Config) { c.Authority = &witness{callers: map[string]bayeux.Caller{}} })
	long := "Cookie: " + strings.Repeat("x", maxCallerFields)
	equal(t, dial(t, asked).ask(postWith("/bayeux", handshakeMessage, long)).StatusCode, 431)
	equal(t, dial(t, asked).ask(getRequest("/events?channel=/e", long+"\r\n")).StatusCode, 431)
	equal(t, dial(t, asked).ask(upgradeRequest(long+"\r\n")).StatusCode, 431)
	equal(t, dial(t, asked).ask(postWith("/bayeux", "[]", long)).StatusCode, 200)
	equal(t, asked.Stats().Sessions, 0)
	equal(t, dial(t, start(t, nil)).ask(postWith("/bayeux", handshakeMessage, long)).StatusCode, 200)
}

// The reason of a denial reaches the client, over /events as the body of a 403.
func TestReasonsAreTold(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Authority = reluctant{} })
	reply := dial(t, s).bayeux(handshakeMessage)[0]
	equal(t, reply["error"], "403::token_expired")
	equal(t, reply["advice"], map[string]any{"reconnect": "handshake", "interval": 0.0})
	got := dial(t, s).ask(getRequest("/events?channel=/e", ""))
	equal(t, got.StatusCode, 403)
	equal(t, strings.Contains(got.body, "token_expired"), true)
}

// reluctant denies everything, for a reason.
type reluctant struct{}

func (reluctant) Fields() []string { return nil }

func (reluctant) Decide(bayeux.Question) bayeux.Verdict {
	return bayeux.Verdict{Ruling: bayeux.Deny, Reason: "token_expired", Advice: terms.Advice{Reconnect: terms.Handshake}}
}

func (reluctant) Ask(bayeux.Question, func(bayeux.Verdict)) {}

// An authority knows the host's clock, which may be set while the server runs. What is left of a session's time goes by
// the clock of the loops.
func TestExpiryGoesByTheClockOfTheLoops(t *testing.T) {
	t.Parallel()
	s := newShared(config(nil))
	plain := s.clock
	for _, off := range []int64{-3_600_000, 0, 3_600_000} {
		s.clock = func(since time.Duration) int64 { return plain(since) + off }
		v := s.byOurClock(bayeux.Verdict{Expiry: time.Now().Add(time.Minute).UnixMilli()})
		if left := v.Expiry - s.now(); left < 50_000 || left > 61_000 {
			t.Errorf("the clocks differ by %d ms: %d ms are left of a minute", off, left)
		}
	}
	equal(t, s.byOurClock(bayeux.Verdict{}), bayeux.Verdict{})
}

// guard is asked about every use of a session, and allows it on the websocket alone that the session was made on.
type guard struct{ witness }

func (*guard) Watches() bool { return true }

func (*guard) Decide(q bayeux.Question) (v bayeux.Verdict) {
	now := fmt.Sprint(q.Caller.Socket)
	switch {
	case q.Operation == bayeux.OpHandshake:
		v.Claims = now
	case q.Claims != now:
		v.Ruling, v.Unknown = bayeux.Deny, true
	}
	return v
}

// A caller is told by its websocket, which no other has had, and may be asked for with every use of a session.
func TestCallersHaveWebsocketsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		s := start(t, func(c *Config) { c.Loops, c.Authority = loops, new(guard) })
		own, other := dial(t, s), dial(t, s)
		own.ask(upgradeRequest(""))
		other.ask(upgradeRequest(""))
		id := own.roundTrip(`{"channel":"/meta/handshake","supportedConnectionTypes":["websocket"]}`)[0]["clientId"].(string)
		publish := publish(id, "/a", "1")
		equal(t, own.roundTrip(publish)[0]["successful"], true)
		equal(t, other.roundTrip(publish)[0]["error"], "402::session_unknown")
		poll := dial(t, s)
		equal(t, poll.bayeux(connect(id))[0]["error"], "402::session_unknown")
		equal(t, poll.bayeux(`{"channel":"/meta/disconnect","clientId":"` + id + `"}`)[0]["error"], "402::session_unknown")
		equal(t, dial(t, s).ask(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n")).StatusCode, 404)
		equal(t, s.Stats().Sessions, 1)
	}
}
