package loop

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"halley/bayeux"
)

// touchy is an authority that panics at what names the word panic, waits at what
// names the word wait, denies what names the word deny, and allows the rest. It
// keeps the questions that wait until a test decides them.
type touchy struct {
	ask     func(answer func(bayeux.Verdict)) // in place of waiting; nil waits
	mu      sync.Mutex
	waiting []func(bayeux.Verdict)
}

func (*touchy) Fields() []string { return nil }

func (*touchy) Decide(q bayeux.Question) bayeux.Verdict {
	text := fmt.Sprintf("%s%s%s", q.Channel, q.Patterns, q.Ext)
	switch {
	case strings.Contains(text, "panic"):
		panic("touched")
	case strings.Contains(text, "wait"):
		return bayeux.Verdict{Ruling: bayeux.Wait}
	case strings.Contains(text, "deny"):
		return bayeux.Verdict{Ruling: bayeux.Deny}
	}
	return bayeux.Verdict{}
}

func (a *touchy) Ask(_ bayeux.Question, answer func(bayeux.Verdict)) {
	if a.ask != nil {
		a.ask(answer)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = append(a.waiting, answer)
}

// next waits for the next question. Its answer allows, or denies.
func (a *touchy) next(t testing.TB) (answer func(bayeux.Ruling)) {
	t.Helper()
	eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.waiting) > 0 {
			verdict := a.waiting[0]
			a.waiting = a.waiting[1:]
			answer = func(ruling bayeux.Ruling) { verdict(bayeux.Verdict{Ruling: ruling}) }
		}
		return answer != nil
	})
	return answer
}

// A panic closes the connection that it came from, and no other; the session's
// loop goes on, wherever it is.
func TestPanicClosesOneConnection(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 4} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *Config) { c.Loops, c.Authority = loops, new(touchy) })
			other := dial(t, s)
			id := other.subscriber("/a")
			other.holdConnect(s, id)
			for n := 1; n <= 8; n++ {
				a := dial(t, s)
				a.send(post(publish(id, "/panic", "1")))
				a.mustClose()
				equal(t, s.Stats().Panics, n)
			}
			mustPublish(t, s, "/a", "1")
			equal(t, events(other.messages()), []string{"1"})
			equal(t, s.Stats().Connections, 1)
		})
	}
}

// A panic over input that waited behind a held poll closes that connection, and
// the other connections of the round are served.
func TestPanicBehindHeldPoll(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Authority = new(touchy) })
	var bad, good []*wire
	for range 4 {
		a, b := dial(t, s), dial(t, s)
		id := a.subscriber("/a")
		a.holdConnect(s, id)
		a.send(post(publish(id, "/panic", "1")))
		id = b.subscriber("/a")
		b.holdConnect(s, id)
		b.send(post("[]"))
		bad, good = append(bad, a), append(good, b)
	}
	mustPublish(t, s, "/a", "1")
	for i := range bad {
		equal(t, events(bad[i].messages()), []string{"1"})
		bad[i].mustClose()
		equal(t, events(good[i].messages()), []string{"1"})
		equal(t, good[i].read().body, "[]")
	}
	equal(t, s.Stats().Panics, 4)
}

// A panic while effects are executed repeats none of those before it and loses
// none of those after it.
func TestPanicAmongEffects(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Authority = &touchy{ask: func(func(bayeux.Verdict)) { panic("undecided") }}
	})
	a, b := dial(t, s), dial(t, s)
	id := a.subscriber("/a")
	a.holdConnect(s, id)
	publisher := b.handshake()
	b.send(post("[" + publish(publisher, "/a", "1") + "," + subscribe(publisher, "/b") + "," + subscribe(publisher, "/wait") + "]"))
	b.mustClose()
	equal(t, events(a.messages()), []string{"1"})
	set := s.interest.Of("/b")
	equal(t, set.Empty(), false)
	c := dial(t, s)
	mustPublish(t, s, "/b", "2")
	equal(t, c.collect(publisher, 1), []string{"2"})
	equal(t, s.Stats().Panics, 1)
}

// What panics after a verdict closes the connection that waited for it.
func TestPanicAfterVerdict(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		c.Loops, c.Authority = 2, &touchy{ask: func(answer func(bayeux.Verdict)) { go answer(bayeux.Verdict{}) }}
	})
	owner := dial(t, s)
	id := owner.handshake()
	for range 4 {
		a := dial(t, s)
		a.send(post("[" + publish(id, "/wait", "1") + "," + publish(id, "/panic", "1") + "]"))
		a.mustClose()
	}
	equal(t, owner.bayeux(publish(id, "/fine", "1"))[0]["successful"], true)
	equal(t, s.Stats().Panics, 4)
}

// What panics when the past has come, or when an event is stored, closes the websocket that waited for it. Its loop
// counts nothing of it any more, and its session goes on.
func TestPanicAfterThePast(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *Config) {
				c.Loops, c.Authority, c.Rules = loops, new(touchy), []string{"/h/** history=10"}
			})
			_, id := moved(t, s)
			for n := 1; n <= 4; n++ {
				w := socketOf(t, s)
				w.frame(1, "["+subscribe(id, "/h/a")+","+publish(id, "/panic", "1")+"]")
				w.frame(1, publish(id, "/fine", "1"))
				w.mustEnd()
				eventually(t, func() bool { return s.Stats().Panics == uint64(n) })
			}
			eventually(t, func() bool {
				lined := 0
				s.visit(t.Context(), func(r *reactor) { lined += len(r.backlogs) })
				return lined == 0
			})
			equal(t, dial(t, s).bayeux(publish(id, "/fine", "1"))[0]["successful"], true)
		})
	}
}

// A connection whose deadline panics is closed, and the others' deadlines are kept.
func TestPanicAtDeadline(t *testing.T) {
	t.Parallel()
	s, now := startStill(t, func(c *Config) { c.IdleTimeout = 2 * tickEvery })
	var clients []*wire
	for range 3 {
		w := dial(t, s)
		w.handshake()
		clients = append(clients, w)
	}
	broken := false
	s.visit(t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			if !broken {
				c.phase, c.stream, broken = upgraded, nil, true // a websocket without a record
			}
			return true
		})
	})
	now.Add(10 * tickEvery.Milliseconds())
	for _, w := range clients {
		w.mustClose()
	}
	equal(t, s.Stats().Panics > 0, true)
}
