package bayeux

import (
	"fmt"
	"strings"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/queue"
)

// A drain goes on where it stopped: clients that come back meanwhile have their turn
// after those that have not gone yet, and nobody is looked at again in each step.
func TestDrainGoesOn(t *testing.T) {
	cfg := testConfig()
	cfg.MaxSessions = 100
	w := newBacklog(t, false, cfg, 0, 0)
	s, streams := w.server, map[string]ReplyTo{}
	var ids []string
	for i := range 10 {
		_, rest, _ := strings.Cut(w.talk(t, `{"channel":"/meta/handshake"}`), `"clientId":"`)
		id := rest[:ClientIDLen]
		ids, streams[id] = append(ids, id), ReplyTo{Conn: uint32(i), Serial: 1}
		s.Open(0, Request{To: streams[id]}, []byte(id), &w.fx)
	}
	w.fx.Reset()
	for step, want := range append(append([]string{}, ids...), ids[0], ids[3]) {
		if gone := s.Drain(0, 1000, 1, &w.fx); gone != 1 {
			t.Fatalf("step %d: %d have gone", step, gone)
		}
		if e := w.fx.List[0]; e.Kind != EndStream || e.To != streams[want] {
			t.Errorf("step %d: %+v, want the stream %v", step, e, streams[want])
		}
		w.fx.Reset()
		if step == 4 { // two come back, before the others have gone
			s.Open(0, Request{To: streams[ids[0]]}, []byte(ids[0]), &w.fx)
			s.Open(0, Request{To: streams[ids[3]]}, []byte(ids[3]), &w.fx)
			w.fx.Reset()
		}
	}
	if gone := s.Drain(0, 1000, 5, &w.fx); gone != 0 || s.Waiting() != 0 {
		t.Errorf("%d have gone, %d wait", gone, s.Waiting())
	}
}

// However many sessions the batches behind one that waits are for, each batch is put into
// the line by itself. A session that stands in two lines lives as long as the longer one.
func TestLinesOfManySessions(t *testing.T) {
	b := audience(t, 100, 1000)
	const sessions = 200
	var ids []string
	for range sessions {
		b.server.BeginTurn()
		_, rest, _ := strings.Cut(b.talk(t, `{"channel":"/meta/handshake"}`), `"clientId":"`)
		ids = append(ids, rest[:ClientIDLen])
	}
	var tickets [2]Ticket
	for line := range tickets {
		req := Request{To: ReplyTo{Conn: uint32(line), Serial: 9999}, Type: WebSocket}
		b.server.BeginTurn()
		batch := scanned(t, b.publishes(15))
		b.server.Handle(b.now, req, &batch, &b.fx)
		tickets[line] = b.fx.List[len(b.fx.List)-1].Ticket
		for range 2 {
			for _, id := range ids {
				batch := scanned(t, fmt.Sprintf(`{"channel":"/b","clientId":%q,"data":1}`, id))
				b.server.Handle(b.now, req, &batch, &b.fx)
			}
		}
	}
	a, _ := b.server.Find([]byte(ids[0]))
	lined := func() bool { return b.server.sessions.find(a).tables.has(inBacklogs) }
	b.server.Report(b.now, &Report{Kind: GiveUp, Ticket: tickets[0]}, &b.fx)
	if !lined() {
		t.Error("the session may expire while its batches wait in the other line")
	}
	b.server.Report(b.now, &Report{Kind: GiveUp, Ticket: tickets[1]}, &b.fx)
	if lined() || len(b.server.backlogs.of) > 0 {
		t.Error("the session never expires")
	}
}

// A long event is read once for the key that it conflates by, not once for each subscriber.
func TestKeyIsReadOnce(t *testing.T) {
	cfg := testConfig()
	cfg.MaxSessions = 1000
	cfg.Rules = rulesOf(t, cfg, "/a conflate key=symbol")
	b := newBacklog(t, false, cfg, 0, 0)
	for range 99 {
		_, rest, _ := strings.Cut(b.talk(t, `{"channel":"/meta/handshake"}`), `"clientId":"`)
		b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"}`, rest[:ClientIDLen]))
	}
	before := b.server.Worked()
	data := fmt.Sprintf(`{"text":%q,"symbol":"X"}`, strings.Repeat("x", 60_000))
	b.server.Deliver(b.now, event.New([]byte("/a"), []byte(data), false))
	if n := b.server.Worked() - before; n < 300 || n > 400 {
		t.Errorf("%d units for an event of %d bytes to 100 subscribers", n, len(data))
	}
}

// Sessions that end because their queue is full end over many turns, and get nothing
// newer than what they lost.
func TestManyDoomed(t *testing.T) {
	cfg := testConfig()
	cfg.MaxSessions, cfg.TurnWork, cfg.Slow = 1000, 100, queue.Disconnect
	cfg.QueueMessages, cfg.QueueBytes = 3, 1<<30
	b := newBacklogOf(t, false, cfg, 0, 0)
	for range 300 {
		b.server.BeginTurn()
		_, rest, _ := strings.Cut(b.talk(t, `{"channel":"/meta/handshake"}`), `"clientId":"`)
		b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"}`, rest[:ClientIDLen]))
	}
	for range 5 {
		b.publish(1, 20)
	}
	turns, sessions := 0, b.server.Stats().Sessions
	for more := true; more; turns++ {
		b.server.BeginTurn()
		before := b.server.Worked()
		more = b.server.Flush(b.now, 64, &b.fx)
		if n := b.server.Worked() - before; n > 110 {
			t.Errorf("turn %d: %d units", turns, n)
		}
		for i := range b.fx.List {
			if e := &b.fx.List[i]; strings.Contains(string(b.fx.Messages(e)), `"data"`) {
				t.Errorf("turn %d: %s", turns, b.fx.Messages(e))
			}
		}
		b.fx.Reset()
	}
	if turns < 10 || sessions != 301 || b.server.Stats().Sessions != 0 || b.server.Dirty() {
		t.Errorf("%d turns, %d sessions of %d are left", turns, b.server.Stats().Sessions, sessions)
	}
}

// What does not fit into the reply with which a drain lets a client go follows by the same
// connection: the client is told to come at once, the drain waits for it a little, and
// nothing is lost.
func TestDrainBringsAll(t *testing.T) {
	for _, held := range []bool{true, false} {
		b := newBacklog(t, false, testConfig(), 0, 0)
		s, req := b.server, Request{To: ReplyTo{Conn: 1, Serial: 9999}}
		poll := func() {
			batch := scanned(t, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q}`, b.id))
			s.Handle(b.now, req, &batch, &b.fx)
		}
		if held {
			poll()
			b.fx.Reset()
		}
		b.publish(20, 60_000) // 256 KiB are a reply
		if s.Drain(b.now, 10_000, 10, &b.fx); !held {
			poll()
		}
		for got, polls := 0, 1; ; polls++ {
			if len(b.fx.List) != 1 || b.fx.List[0].Kind != Reply {
				t.Fatalf("effects %+v", b.fx.List)
			}
			e := b.fx.List[0]
			text := string(b.fx.Messages(&e))
			n := b.got(text, got)
			got += n
			s.Report(b.now, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
			more := got < 20
			if n == 0 || e.More != more || strings.Contains(text, `"interval":0`) != more || (s.Owing(b.now) > 0) != more {
				t.Fatalf("poll %d brings %d, more: %t, %d owed: %s", polls, n, e.More, s.Owing(b.now), text[len(text)-200:])
			}
			b.fx.Reset()
			if !more {
				break
			}
			poll()
		}
	}
}

// A drain does not wait for long for a client that does not come for the rest.
func TestDrainWaitsALittle(t *testing.T) {
	b := newBacklog(t, false, testConfig(), 20, 60_000)
	b.server.Drain(b.now, 10_000, 10, &b.fx)
	b.connect(t, false)
	for _, c := range []struct{ after, owed int }{{0, 1}, {2000, 1}, {2001, 0}, {3000, 0}} {
		if n := b.server.Owing(b.now + int64(c.after)); n != c.owed {
			t.Errorf("after %d ms %d are owed", c.after, n)
		}
	}
}

// A drain ends a stream when all events have gone on it, lazy ones too.
func TestDrainEndsStreamsLast(t *testing.T) {
	cfg := testConfig()
	cfg.Rules = rulesOf(t, cfg, "/a lazy=60s")
	b := newBacklog(t, false, cfg, 0, 0)
	s := b.server
	s.Open(b.now, Request{To: ReplyTo{Conn: 1, Serial: 1}}, []byte(b.id), &b.fx)
	_, r := s.sessions.lookup([]byte(b.id))
	r.outlet.hearing = heard // as its connect would say
	b.publish(10, 30_000)    // 64 KiB are on their way at once
	b.fx.Reset()
	got := 0
	for step := 0; got < 10; step++ {
		if gone := s.Drain(b.now, 10_000, 10, &b.fx); gone != 0 || step == 10 {
			t.Fatalf("step %d: %d have gone after %d events", step, gone, got)
		}
		s.Flush(b.now, 10, &b.fx)
		for _, e := range b.fx.List {
			got += b.got(string(b.fx.Messages(&e)), got)
			s.Report(b.now, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
		}
		b.fx.Reset()
	}
	if gone := s.Drain(b.now, 10_000, 10, &b.fx); gone != 1 || b.fx.List[0].Kind != EndStream {
		t.Errorf("%d have gone: %+v", gone, b.fx.List)
	}
}

// What gives up memory looks at a bounded number of sessions in a call, whatever it does
// with them, and goes on where it stopped: one whose client is there is looked at, too.
func TestMemoryIsGivenUpByParts(t *testing.T) {
	const sessions, part = 100, 10
	b := audience(t, sessions-1, 0)
	many := strings.TrimSuffix(strings.Repeat(`"/x/%d",`, fewSubscriptions+10), ",")
	args := make([]any, fewSubscriptions+10)
	for i := range args {
		args[i] = i
	}
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":[`+many+`]}`, append([]any{b.id}, args...)...))
	if got := b.server.sessions.Len(); got != sessions {
		t.Fatalf("%d sessions", got)
	}
	calls := func(what string, call func(from uint32) (next uint32, more bool)) {
		from, n, begun := uint32(0), 0, b.server.Worked()
		for more := true; more; n++ {
			before := b.server.Worked()
			if from, more = call(from); b.server.Worked()-before > part {
				t.Errorf("%s: call %d looks at %d sessions", what, n, b.server.Worked()-before)
			}
		}
		if total := b.server.Worked() - begun; n < sessions/part || total != sessions {
			t.Errorf("%s: %d calls look at %d sessions", what, n, total)
		}
	}
	most := 0
	calls("Shed", func(from uint32) (uint32, bool) { return b.server.Shed(from, true, 0, part) })
	calls("MostSubscriptions", func(from uint32) (next uint32, more bool) {
		n, next, more := b.server.MostSubscriptions(from, part)
		most = max(most, n)
		return next, more
	})
	if most != fewSubscriptions+11 {
		t.Errorf("one has %d subscriptions at most", most)
	}
	calls("EndSubscribers", func(from uint32) (uint32, bool) { return b.server.EndSubscribers(from, most, part) })
	b.server.BeginTurn()
	b.server.Flush(b.now, sessions, &b.fx)
	if got := b.server.Stats(); got.ShedSessions != 1 || b.server.sessions.Len() != sessions-1 {
		t.Errorf("%d sessions were ended, %d are left", got.ShedSessions, b.server.sessions.Len())
	}
}
