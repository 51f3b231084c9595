package bayeux

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
	"halley/bayeux/queue"
	"halley/bayeux/rules"
)

// checkPinned adds up anew what turns and lots count for.
func checkPinned(t rapid.TB, s *Server) {
	t.Helper()
	want := map[uint32]int{}
	for k, i := range s.pacer.turns {
		want[k.slot] += turnBytes
		if s.sessions.find(s.pacer.list.At(i).session) == nil {
			t.Fatalf("turn %d outlives its session", i)
		}
	}
	turns := 0
	s.lots.Each(func(id uint32, l *lot) {
		waiting := true
		for i := l.turns.first; i != 0; i = s.pacer.list.At(i - 1).links[byLot].next {
			turns++
			waits := s.pacer.list.At(i-1).seen < l.count
			if waits && !waiting {
				t.Fatalf("lot %d: a turn that waits stands behind one that does not", id)
			}
			waiting = waits
		}
		first := l.turns.first
		switch pinned := first != 0 && s.pacer.list.At(first-1).seen < l.count; {
		case pinned != (l.newest != ""):
			t.Fatalf("lot %d: wanted %t, kept %q", id, pinned, l.newest)
		case pinned && (l.payer != s.pacer.list.At(first-1).session.Slot || l.pinned != queue.Cost(l.newest)):
			t.Fatalf("lot %d counts %d for %d", id, l.pinned, l.payer)
		case pinned:
			want[l.payer] += l.pinned
		}
	})
	if turns > len(s.pacer.turns) {
		t.Fatalf("%d turns in lots, %d in all", turns, len(s.pacer.turns))
	}
	s.sessions.Each(func(slot uint32, r *session) bool {
		if r.queue.Reserved() != want[slot] {
			t.Fatalf("session %d: %d bytes are pinned, want %d", slot, r.queue.Reserved(), want[slot])
		}
		if limit := s.cfg.QueueBytes + 1500; r.queue.Bytes()+r.queue.Reserved() > limit {
			t.Fatalf("session %d: %d in the queue, %d pinned", slot, r.queue.Bytes(), r.queue.Reserved())
		}
		return true
	})
}

// TestPinnedAgainstSum drives sessions that want little, and adds up what is kept for
// them after each step.
func TestPinnedAgainstSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := testConfig()
		cfg.QueueBytes = 3000
		cfg.Slow = rapid.SampledFrom([]queue.Policy{queue.DropOldest, queue.Conflate, queue.Disconnect}).Draw(t, "slow")
		rule, _ := rules.Parse("/z/** lazy=1s", cfg.Channel)
		cfg.Rules = rules.Rules{rule}
		w := &world{t: t, server: NewServer(cfg, 0)}
		ids := []string{}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			switch op := rapid.SampledFrom([]string{"publish", "publish", "publish", "publish", "come", "leave", "connect", "ask", "tick"}).Draw(t, "op"); {
			case op == "publish":
				name := rapid.SampledFrom([]string{"/a/1", "/a/2", "/a/3", "/z/1"}).Draw(t, "channel")
				size := rapid.SampledFrom([]int{1, 100, 1000}).Draw(t, "size")
				w.server.Deliver(w.now, event.New([]byte(name), []byte(`"`+strings.Repeat("x", size)+`"`), false))
			case op == "tick":
				w.now += 100
				w.server.Tick(w.now, &w.fx)
			case op == "come" || len(ids) == 0:
				ids = append(ids, w.post(`{"channel":"/meta/handshake"}`)[0]["clientId"].(string))
			default:
				id := rapid.SampledFrom(ids).Draw(t, "session")
				w.post(strings.ReplaceAll(map[string]string{
					"leave":   `{"channel":"/meta/disconnect","clientId":"ID"}`,
					"connect": `{"channel":"/meta/connect","clientId":"ID","advice":{"timeout":0}}`,
					"ask": fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":"ID","subscription":"%s","ext":{"conflate":{"interval":%d}}}`,
						rapid.SampledFrom([]string{"/a/*", "/**", "/a/1"}).Draw(t, "pattern"), rapid.SampledFrom([]int{0, 300, 3_600_000}).Draw(t, "interval")),
				}[op], "ID", id))
			}
			w.server.Flush(w.now, 10, &w.fx)
			w.fx.Reset()
			checkPinned(t, w.server)
		}
		w.server.sessions.Each(func(slot uint32, _ *session) bool { w.server.remove(slot, &w.fx); return true })
		if p := &w.server.pacer; len(p.turns)+len(p.ofSession)+w.server.lots.Len() > 0 || p.list.Len() > 0 {
			t.Fatalf("%d turns of %d sessions, %d keys are left", len(p.turns), len(p.ofSession), w.server.lots.Len())
		}
	})
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
			t.Fatalf("event %d: %d bytes in the queue, %d pinned", i, r.queue.Bytes(), r.queue.Reserved())
		}
	}
	checkPinned(t, b.server)
	kept := 0
	b.server.lots.Each(func(_ uint32, l *lot) { kept += len(l.newest) })
	st := b.server.Stats()
	if kept > 1<<20 || st.QueueDropped == 0 || b.server.queues.Lost(&b.server.sessions.find(a).queue) == 0 {
		t.Errorf("%d bytes are kept, %d dropped", kept, st.QueueDropped)
	}
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, b.id))
	if len(b.server.pacer.turns) > 0 || b.server.lots.Len() > 0 {
		t.Errorf("%d turns, %d keys outlive the session", len(b.server.pacer.turns), b.server.lots.Len())
	}
}

// What waits for turns leaves less room for an event that takes the place of a shorter one.
func TestReplacedEventHasRoomBesideTurns(t *testing.T) {
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
		checkPinned(t, b.server)
		if r := b.server.sessions.find(a); r.queue.Bytes()+r.queue.Reserved() > 3000 {
			t.Errorf("%s: %d bytes in the queue, %d pinned", e.channel, r.queue.Bytes(), r.queue.Reserved())
		}
	}
	if b.server.Stats().QueueDropped == 0 {
		t.Error("nothing had to go")
	}
}

// An event that nobody waits for is not kept by its lot.
func TestLotLetsGo(t *testing.T) {
	b := newBacklog(t, false, testConfig(), 0, 0)
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/b","ext":{"conflate":{"interval":500}}}`, b.id))
	for step, want := range []bool{false, true, true, false} {
		if step < 3 {
			b.server.Deliver(b.now, event.New([]byte("/b"), fmt.Append(nil, step), false))
		} else {
			for range 10 {
				b.now += 100
				b.server.Tick(b.now, &b.fx)
			}
		}
		id := b.server.lots.Find([]byte("/b"))
		if kept := b.server.lots.At(id).newest != ""; kept != want {
			t.Errorf("step %d: kept %t", step, kept)
		}
	}
}
