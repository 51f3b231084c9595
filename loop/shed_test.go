package loop

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestStrain(t *testing.T) {
	for _, tt := range []struct {
		used         int64
		before, want strain
	}{
		{0, calm, calm}, {64, calm, calm}, {65, calm, refusing}, {64, refusing, refusing}, {60, refusing, refusing}, {59, sheddingHistory, calm},
		{70, calm, sheddingAway}, {75, calm, sheddingSlow}, {80, refusing, sheddingHistory}, {500, calm, sheddingHistory},
	} {
		if got := strainOf(tt.used<<20, 100<<20, tt.before); got != tt.want {
			t.Errorf("%d %% after %v: %v, want %v", tt.used, tt.before, got, tt.want)
		}
	}
}

// logged is a log that a test reads while the server writes.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// limitOf100 is a limit that leaves the runtime 100 bytes.
const limitOf100 = 200

// memoryOf is a memory like that of a server, which nothing else looks at.
func memoryOf(s *Server) *memory { return newMemory(&s.cfg, s.now, &s.health, s.memory.giveUp) }

// strained is a server whose use of memory a test says, in hundredths.
func strained(t *testing.T, log *logged) (s *Server, use func(share int64)) {
	t.Helper()
	s = start(t, func(c *Config) {
		c.Loops, c.Rules, c.MaxInterval = 2, []string{"/h/** history=1000"}, 10*deadline
		c.Log = slog.New(slog.NewTextHandler(log, nil))
	})
	s.memory.rested.Store(math.MaxInt64) // it does not look itself
	m := memoryOf(s)
	return s, func(share int64) {
		m.limit, m.used, m.clean = limitOf100, func() footprint { return footprint{live: share} }, func() {}
		m.relieve(t.Context())
		s.memory.strain.Store(m.strain.Load())
	}
}

// When memory is short new work is refused first, then what waits for those who are
// away goes, then most of what waits for others, then half of the history; all of it is
// told to whom it concerns, counted and logged. Afterwards everything is as before.
func TestMemoryIsShort(t *testing.T) {
	var log logged
	s, use := strained(t, &log)
	away, slow, other := dial(t, s), dialSlow(t, s), dial(t, s)
	awayID, slowID := away.subscriber("/a"), other.subscriber("/a")
	slow.send(upgradeRequest(""))
	slow.read()
	slow.roundTrip(wsConnectNow(slowID))
	batch, _ := big("/a", 20)
	for _, p := range batch {
		mustPublish(t, s, "/a", string(p.Data))
		mustPublish(t, s, "/h/a", string(p.Data))
	}
	eventually(t, func() bool { return s.Stats().Kept.Queues > 30*(60<<10) })

	use(refuseAt)
	if err := s.Publish(publication("/a", "1")); !errors.Is(err, ErrMemory) || !errors.Is(err, ErrBusy) {
		t.Errorf("a publish: %v", err)
	}
	equal(t, other.bayeux(publish(slowID, "/a", "1"))[0]["error"], "503::server_busy")
	refused := other.bayeux(`{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`)[0]
	equal(t, refused["error"], "503::server_busy")
	equal(t, refused["advice"], map[string]any{"reconnect": "retry", "interval": 5000})
	equal(t, other.bayeux(subscribe(slowID, "/b"))[0]["error"], "503::server_busy")
	equal(t, other.bayeux(subscribe(slowID, "/a"))[0]["successful"], true) // it is there already
	events := dial(t, s)
	events.send(getRequest("/events?channel=/a", ""))
	equal(t, events.read().StatusCode, 503)
	equal(t, s.Unready(), []string{"memory: publishes, new sessions and subscriptions are refused"})
	st := s.Stats()
	equal(t, []uint64{st.MemoryRefused, st.Shed}, []uint64{5, 0})

	use(awayAt)
	st = s.Stats()
	equal(t, []uint64{st.Shed, st.QueueDropped}, []uint64{20, 20})
	history := st.History.Events
	equal(t, history, 20)

	use(slowAt)
	eventually(t, func() bool { return s.Stats().Kept.Queues <= keepSlow && s.Stats().Kept.Output == 0 })

	use(historyAt)
	if left := s.Stats().History.Events; left < 9 || left > 10 {
		t.Errorf("%d of %d events are remembered", left, history)
	}

	use(calmBelow - 1)
	equal(t, len(s.Unready()), 0)
	equal(t, other.bayeux(subscribe(slowID, "/b"))[0]["successful"], true)
	if kept := s.Stats().Kept.Subscriptions; kept < len("/a/b") {
		t.Errorf("subscriptions take %d bytes", kept)
	}
	told := away.bayeux(connect(awayID))
	equal(t, told[len(told)-1]["ext"], map[string]any{"dropped": map[string]any{"/a": 20}})
	mustPublish(t, s, "/a", "1")
	equal(t, len(away.bayeux(connect(awayID))), 2)
	for _, want := range []string{"refused", "away", "slow clients", "half of what is remembered", "no longer short"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, log.String())
		}
	}
}

// Under the policy disconnect the session ends, as with a full queue.
func TestMemoryIsShortAndSessionsEnd(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Slow = "disconnect" })
	w := dial(t, s)
	id := w.subscriber("/a")
	mustPublish(t, s, "/a", "1")
	(&shedder{&s.loops, s.local}).shed(t.Context(), true, 0)
	eventually(t, func() bool { return s.Stats().Sessions == 0 })
	equal(t, w.bayeux(connect(id))[0]["error"], "402::session_unknown")
}

// Stuck connections are looked for by parts: one that is closed counts for many, and the
// next part goes on behind it.
func TestStuckConnectionsAreClosedByParts(t *testing.T) {
	s := start(t, func(c *Config) { c.Loops = 1 })
	const stuck, others = 3, 7
	for i := range stuck + others {
		w := dial(t, s)
		if i < stuck {
			w.send("POST /bayeux HTTP/1.1\r\nHost: halley\r\nContent-Length: 60000\r\n\r\n" + strings.Repeat(" ", 2*keepSlow))
		}
	}
	eventually(t, func() bool { return s.Stats().Connections == stuck+others && s.Stats().Kept.Input >= stuck*2*keepSlow })
	parts, looked := 0, uint64(0)
	s.inParts(t.Context(), func(r *reactor, from uint32) (uint32, bool) {
		before := r.core.Worked()
		next, more := r.input.closeStuck(from, 5)
		parts++
		looked += r.core.Worked() - before
		return next, more
	})
	if parts < stuck+1 || looked < stuck+others {
		t.Errorf("%d parts look at %d connections", parts, looked)
	}
	eventually(t, func() bool { return s.Stats().Kept.Input == 0 })
}

// Much that is published at once is looked at before the next tick, and more than half
// in use makes ticks frequent.
func TestMemoryIsLookedAtInTime(t *testing.T) {
	looks := 0
	m := newMemory(&Config{}, nil, nil, nil)
	m.limit, m.used = 1000, func() footprint { looks++; return footprint{held: 600} }
	for range 10 {
		m.takes(8, 0)
	}
	equal(t, looks, 3)
	equal(t, m.near.Load(), true)
	m.used = func() footprint { return footprint{held: 400} }
	m.look(t.Context(), 0)
	equal(t, m.near.Load(), false)
}

// What a publish is about to take counts before it is there, and is refused while memory
// is short.
func TestMemoryIsNotedBeforeItIsTaken(t *testing.T) {
	s, _ := strained(t, &logged{})
	eventually(t, func() bool { // a look begins to count anew
		equal(t, s.Short(1000), nil)
		return s.memory.taken.Load() >= 1000
	})
	s.memory.strain.Store(int32(refusing))
	equal(t, errors.Is(s.Short(1), ErrMemory), true)
}

// A history of less than the share at which half of it is given up keeps memory short
// for ever, if nothing else does: it goes in the end, and publishes are taken again.
func TestMemoryStaysShort(t *testing.T) {
	var log logged
	s, _ := strained(t, &log)
	batch, _ := big("/h/a", 20)
	for _, p := range batch {
		mustPublish(t, s, "/h/a", string(p.Data))
	}
	equal(t, s.Stats().History.Events, 20)
	m := memoryOf(s)
	m.limit, m.clean = limitOf100, func() {}
	m.used = func() footprint {
		if s.Stats().History.Events < 20 {
			return footprint{live: calmBelow - 1}
		}
		return footprint{live: refuseAt}
	}
	reliefs := 0
	for m.relieve(t.Context()); m.refuses() && reliefs < 100; reliefs++ {
		m.relieve(t.Context())
	}
	equal(t, reliefs, 3*vainReliefs)
	if left := s.Stats().History.Events; left < 9 || left > 10 {
		t.Errorf("%d of 20 events are remembered", left)
	}
	if !strings.Contains(log.String(), "stays short") {
		t.Errorf("the log does not say that memory stays short: %s", log.String())
	}
	equal(t, m.vain, 0)
}

// Subscriptions that take the memory do not keep publishes refused for ever: in the end
// the sessions with the most are ended, and those with few stay.
func TestMemoryStaysShortOfSubscriptions(t *testing.T) {
	var log logged
	s, _ := strained(t, &log)
	few, many := dial(t, s), dial(t, s)
	fewID, manyID := few.subscriber("/a"), many.subscriber("/a")
	for n := range 40 {
		many.bayeux(subscribe(manyID, "/many/"+strconv.Itoa(n)))
	}
	m := memoryOf(s)
	m.limit, m.clean = limitOf100, func() {}
	m.used = func() footprint {
		if s.Stats().Sessions < 2 {
			return footprint{live: calmBelow - 1}
		}
		return footprint{live: refuseAt}
	}
	reliefs := 0
	for m.relieve(t.Context()); s.Stats().ShedSessions == 0 && reliefs < 100; reliefs++ {
		m.relieve(t.Context())
	}
	equal(t, reliefs, 4*vainReliefs)
	eventually(t, func() bool { return s.Stats().Sessions == 1 })
	m.relieve(t.Context())
	equal(t, m.refuses(), false)
	equal(t, many.bayeux(connect(manyID))[0]["error"], "402::session_unknown")
	equal(t, few.bayeux(subscribe(fewID, "/b"))[0]["successful"], true)
	if !strings.Contains(log.String(), "the most subscriptions are ended") {
		t.Errorf("the log does not say that sessions are ended: %s", log.String())
	}
}

// While nothing is collected, after a relief, no more is taken than there is room for: not
// where objects are more than the runtime may hold, nor where a collection of its own has
// found too much in use.
func TestMemoryIsFullWhileReliefRests(t *testing.T) {
	s, _ := strained(t, &logged{})
	m := memoryOf(s)
	m.limit = limitOf100
	f := footprint{}
	m.used = func() footprint { return f }
	m.rested.Store(math.MaxInt64)
	m.look(t.Context(), s.now())
	equal(t, m.heap.Load(), 100)
	for _, tt := range []struct {
		objects, live int64
		refuses       bool
	}{{99, 0, false}, {100, 0, true}, {99, 0, false}, {99, refuseAt - 1, false}, {99, refuseAt, true}} {
		f.objects, f.live = tt.objects, tt.live
		m.look(t.Context(), s.now())
		equal(t, m.refuses(), tt.refuses)
	}
	equal(t, strain(m.strain.Load()), refusing)
	equal(t, m.relieving.Load(), false)
	equal(t, s.Unready(), []string{"memory: publishes, new sessions and subscriptions are refused"})
	m.clean = func() { f.live = calmBelow - 1 }
	m.relieve(t.Context())
	equal(t, m.refuses(), false)
	equal(t, len(s.Unready()), 0)
}

// What is resident without being live refuses what is new at once, and is given back to
// the host; what is live goes only if that does not help.
func TestMemoryIsTight(t *testing.T) {
	var log logged
	s, _ := strained(t, &log)
	m := memoryOf(s)
	begun := footprint{objects: 55, live: 55, held: 180, program: 10}
	f, steps := begun, ""
	m.limit, m.used = limitOf100, func() footprint { return f }
	m.clean = func() { steps += "clean " }
	m.back = func() { steps += "back "; f.held = 140 }
	m.rested.Store(math.MaxInt64)
	m.look(t.Context(), 0)
	equal(t, m.refuses(), true)
	m.relieve(t.Context())
	equal(t, steps, "clean back ")
	equal(t, m.refuses(), false)

	f, steps = begun, ""
	m.back = func() { steps += "back " }
	m.giveUp(t.Context(), calm)
	m.relieve(t.Context())
	equal(t, strain(m.strain.Load()), sheddingHistory)
	equal(t, steps, "clean back clean back clean back clean back ")
	f.held = 100
	m.relieve(t.Context())
	equal(t, m.refuses(), false)
}

// Dead objects are collected before new work is refused for them.
func TestDeadObjectsFillMemory(t *testing.T) {
	s, _ := strained(t, &logged{})
	for _, tt := range []struct {
		f    footprint
		want bool
	}{
		{footprint{objects: 60, live: 40, held: 140, program: 20}, true},
		{footprint{objects: 60, live: 40, held: 139, program: 20}, false},
		{footprint{objects: 52, live: 40, held: 140, program: 20}, false},
	} {
		m := memoryOf(s)
		cleaned := make(chan bool, 1)
		m.limit, m.used, m.clean = limitOf100, func() footprint { return tt.f }, func() { cleaned <- true }
		m.look(t.Context(), s.now())
		equal(t, m.relieving.Load() || len(cleaned) > 0, tt.want)
		equal(t, m.refuses(), false)
		if tt.want {
			<-cleaned
			eventually(t, func() bool { return !m.relieving.Load() })
		}
	}
}

// The collector has room above what may be live before all that can be is given up, and a
// program that takes most of a small limit does not have all refused for ever.
func TestCollectorHasRoom(t *testing.T) {
	for _, mib := range []int64{32, 64, 128, 512, 16 << 10} {
		m := newMemory(&Config{}, nil, nil, nil)
		m.limit = mib << 20
		m.fit(footprint{program: 30 << 20})
		heap := m.heap.Load()
		if heap < m.limit/2 || strainOf(heap*9/10, heap, calm) < sheddingHistory || strainOf(m.limit/4, heap, refusing) > calm {
			t.Errorf("of %d MiB the runtime may hold %d", mib, heap>>20)
		}
	}
}

// The runtime is told what it may hold beside the program, again when that has changed.
func TestHeapLimit(t *testing.T) {
	var told []int64
	m := newMemory(&Config{Settings: Settings{Bounds: Bounds{MaxMemory: 500 << 20}}, LimitHeap: func(bytes int64) { told = append(told, bytes) }}, nil, nil, nil)
	for _, program := range []int64{20 << 20, 20<<20 + 4096, 30 << 20} {
		m.fit(footprint{program: program})
	}
	m.limit = 256 << 20
	m.fit(footprint{program: 26 << 20})
	m.limit = 32 << 20
	m.fit(footprint{program: 30 << 20})
	equal(t, told, []int64{480 << 20 / 100 * 85, 470 << 20 / 100 * 85, 230 << 20 / 100 * 85, 16 << 20})
}

// What the process says of itself is what the kernel says of it.
func TestFootprint(t *testing.T) {
	ballast := make([]byte, 64<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	f := footprintNow()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	resident, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	resident *= int64(os.Getpagesize())
	if f.objects < 64<<20 || f.held < f.objects || f.live > f.held || f.program < 1<<20 || !raceDetector && f.resident() < resident-(8<<20) {
		t.Errorf("%+v, resident by the kernel: %d", f, resident)
	}
	runtime.KeepAlive(ballast)
	for text, want := range map[string]int64{"": 0, "5 4": 0, "9 8 7 6": 7} {
		equal(t, filePages(text), want)
	}
}
