package loop

import (
	"fmt"
	"sync"
	"testing"

	"halley/bayeux"
)

// judge keeps the questions that wait until a test decides them.
type judge struct {
	mu      sync.Mutex
	waiting []func(bayeux.Verdict)
}

func (j *judge) decide(_ bayeux.Question, verdict func(bayeux.Verdict)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(j.waiting, verdict)
}

// next waits for the next question.
func (j *judge) next(t testing.TB) (verdict func(bayeux.Verdict)) {
	t.Helper()
	eventually(t, func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		if len(j.waiting) > 0 {
			verdict, j.waiting = j.waiting[0], j.waiting[1:]
		}
		return verdict != nil
	})
	return verdict
}

func startJudged(t *testing.T, loops int) (*Server, *judge) {
	j := new(judge)
	return start(t, func(c *Config) { c.Loops, c.Policy, c.Decide = loops, touchy{}, j.decide }), j
}

func TestPolicyDecides(t *testing.T) {
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
			equal(t, home.drainEvents(id, 1), []string{"1"})
		})
	}
}

// A handshake that waits makes its session when it is allowed.
func TestHandshakeWaits(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t, 2)
	for _, verdict := range []bayeux.Verdict{bayeux.Allow, bayeux.Deny} {
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
	j := new(judge)
	s := run(t, func(c *Config) { c.Policy, c.Decide = touchy{}, j.decide })
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
		c.Policy = touchy{}
		c.Rules = []string{"/open/** publish=any"}
		c.Decide = func(_ bayeux.Question, verdict func(bayeux.Verdict)) { verdict(bayeux.Allow) }
	})
	w := dial(t, s)
	id := w.handshake()
	for _, other := range []string{"x", ""} {
		reply := w.bayeux("[" + publish(id, "/a", "1") + "," + publish(other, "/open/wait", "1") + "," +
			publish(id, "/a", "1") + "," + publish(other, "/a", "1") + "]")
		equal(t, []any{reply[1]["successful"], reply[2]["successful"], reply[3]["successful"]}, []any{true, true, false})
	}
}
