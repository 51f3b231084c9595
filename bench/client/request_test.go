package client

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
)

// still is a fleet whose loop does not run, so that its parts can be looked at one by one.
func still(t testing.TB, change func(*Config)) *Fleet {
	t.Helper()
	config := sampleConfig("http://127.0.0.1:1/bayeux")
	config.Subscribers, config.Publishers, config.Churners = 4, 2, 1
	if change != nil {
		change(&config)
	}
	f, err := New(config, NewClock(Monotonic()), func(Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.loop.release)
	return f
}

func TestRolesAndStyles(t *testing.T) {
	f := still(t, func(c *Config) {
		c.Style, c.Total, c.Slow, c.Stalled = wire.WebSocket, 4, 2, []wire.Style{wire.Events, wire.Iframe}
		c.Habits = Habits{Wishes: wire.Wishes{Replay: true}}
		c.SlowHabits = Habits{Pause: time.Second, Claim: reconcile.Told}
	})
	slow := 0
	for i, want := range []struct {
		role  role
		style wire.Style
	}{
		{subscriber, wire.WebSocket}, {subscriber, wire.WebSocket}, {subscriber, wire.WebSocket}, {subscriber, wire.WebSocket},
		{publisher, wire.LongPolling}, {publisher, wire.LongPolling}, {churner, wire.WebSocket}, {stalled, wire.Events}, {stalled, wire.Iframe},
	} {
		style := want.style
		if f.isSlow(i) {
			slow++
			style = wire.LongPolling
			if f.habits(i).Pause != time.Second || f.book.Claim(i) != reconcile.Told {
				t.Errorf("session %d: %+v", i, f.habits(i))
			}
		} else if want.role == subscriber != f.habits(i).Wishes.Replay {
			t.Errorf("session %d: %+v", i, f.habits(i))
		}
		if f.role(i) != want.role || f.style(i) != style {
			t.Errorf("session %d is a %d of style %v, want %d, %v", i, f.role(i), f.style(i), want.role, style)
		}
	}
	if slow != 2 {
		t.Errorf("%d of 4 are slow, want 2", slow)
	}
}

// What a session asks for goes over the connection that browsers would use for it.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		style       wire.Style
		connections int
		poll        string // requests that use the connection of the connects
	}{
		{wire.LongPolling, 1, "handshake subscribe firstConnect connect disconnect stream heartbeat"},
		{wire.LongPolling, 2, "firstConnect connect stream"},
		{wire.CallbackPolling, 2, "firstConnect connect stream"},
		{wire.WebSocket, 2, "handshake subscribe firstConnect connect disconnect stream heartbeat"},
		{wire.EventSource, 1, "firstConnect connect stream"},
		{wire.XHRStreaming, 1, "firstConnect connect stream"},
	} {
		f := still(t, func(config *Config) { config.Style, config.Connections = c.style, c.connections })
		var poll []string
		for what, name := range map[request]string{handshake: "handshake", subscribe: "subscribe", firstConnect: "firstConnect", connect: "connect",
			disconnect: "disconnect", stream: "stream", heartbeat: "heartbeat", publish: "publish"} {
			if f.line(0, what) == &f.sessions[0].poll {
				poll = append(poll, name)
			}
		}
		for _, name := range strings.Fields(c.poll) {
			if !strings.Contains(" "+strings.Join(poll, " ")+" ", " "+name+" ") {
				t.Errorf("%v, %d connections: %s does not go with the connects", c.style, c.connections, name)
			}
		}
		if len(poll) != len(strings.Fields(c.poll)) {
			t.Errorf("%v, %d connections: %q go with the connects, want %q", c.style, c.connections, poll, c.poll)
		}
	}
}

// requestOf is what session i would write for a request.
func requestOf(f *Fleet, i int, what request, open *wire.Stream) string {
	f.sessions[i].clientID, f.sessions[i].cookie = "c1", "k=v"
	return string(f.appendRequest(nil, &conn{owner: int32(i), busy: what, stream: open}))
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name     string
		style    wire.Style
		suffixes bool
		what     request
		begins   string
		has      string
	}{
		{"handshake", wire.LongPolling, false, handshake, "POST /bayeux HTTP/1.1\r\n", `"channel":"/meta/handshake"`},
		{"subscribe", wire.LongPolling, true, subscribe, "POST /bayeux/ HTTP/1.1\r\n", `"subscription":"/bench"`},
		{"first connect", wire.LongPolling, true, firstConnect, "POST /bayeux/connect HTTP/1.1\r\n", `"timeout":0`},
		{"connect", wire.LongPolling, true, connect, "POST /bayeux/connect HTTP/1.1\r\n", `"clientId":"c1"`},
		{"disconnect", wire.LongPolling, true, disconnect, "POST /bayeux/disconnect HTTP/1.1\r\n", `"channel":"/meta/disconnect"`},
		{"callback", wire.CallbackPolling, false, connect, "GET /bayeux?", "jsonp="},
		{"upgrade", wire.WebSocket, false, handshake, "GET /bayeux HTTP/1.1\r\n", "Upgrade: websocket\r\n"},
		{"event-stream", wire.EventSource, false, stream, "GET /bayeux/c1 HTTP/1.1\r\n", "Accept: text/event-stream\r\n"},
		{"heartbeat", wire.EventSource, true, heartbeat, "POST /bayeux/connect HTTP/1.1\r\n", `"connectionType":"eventsource"`},
		{"plain events", wire.Events, false, stream, "GET /events?channel=%2Fbench HTTP/1.1\r\n", "Accept: text/event-stream\r\n"},
		{"form of an iframe", wire.Iframe, false, stream, "POST /bayeux HTTP/1.1\r\n", "application/x-www-form-urlencoded"},
		{"streaming connect", wire.XHRStreaming, true, stream, "POST /bayeux/connect HTTP/1.1\r\n", `"connectionType":"xhr-streaming"`},
	} {
		f := still(t, func(config *Config) { config.Style, config.Suffixes = c.style, c.suffixes })
		text := requestOf(f, 0, c.what, nil)
		if !strings.HasPrefix(text, c.begins) || !strings.Contains(text, c.has) {
			t.Errorf("%s: %q, want %q and %q", c.name, text, c.begins, c.has)
		}
		if !strings.Contains(text, "Cookie: k=v\r\n") && c.style != wire.Events {
			t.Errorf("%s: the cookie is missing in %q", c.name, text)
		}
	}
}

// Over an open websocket a request is a masked frame, and no two have the same mask.
func TestFramesAreMasked(t *testing.T) {
	f := still(t, func(config *Config) { config.Style = wire.WebSocket })
	open := &wire.Stream{Style: wire.WebSocket}
	first, second := requestOf(f, 0, connect, open), requestOf(f, 0, connect, open)
	if first[0] != 0x81 || first[1]&0x80 == 0 || strings.Contains(first, "/meta/connect") {
		t.Errorf("%q is no masked text frame", first)
	}
	if first[4:8] == second[4:8] {
		t.Error("two frames have the same mask")
	}
}

// enqueueAll makes n messages due on a fleet of one symbol.
func enqueueAll(f *Fleet, n int) {
	f.out.current = Publication{Pace: plan.Pace{Count: n}}
	for i := range n {
		f.enqueue(i)
	}
}

// A batch has at most so many messages and bytes, and only what is in one has a number.
func TestBatches(t *testing.T) {
	for _, c := range []struct{ size, want int }{{100, batchMessages}, {8 << 10, 4}, {100 << 10, 1}} {
		f := still(t, func(config *Config) { config.Size, config.Publishers = c.size, 1 })
		enqueueAll(f, 100)
		if f.out.pending() != 100 || f.out.sent[0] != 0 {
			t.Errorf("%d pending, %d sent before anything was written", f.out.pending(), f.out.sent[0])
		}
		body := string(f.take(nil, 4))
		if n := strings.Count(body, `"channel":"/bench"`); n != c.want || f.out.sent[0] != uint32(n) || f.out.pending() != 100 {
			t.Errorf("size %d: %d in the batch, want %d; %d sent, %d pending", c.size, n, c.want, f.out.sent[0], f.out.pending())
		}
		f.published(4)
		if f.tally.Published != int64(c.want) || f.out.pending() != int64(100-c.want) || f.out.done() {
			t.Errorf("size %d: %d published, %d pending", c.size, f.tally.Published, f.out.pending())
		}
		if next := string(f.take(nil, 4)); !strings.Contains(next, fmt.Sprintf(`"n":%d,`, c.want)) {
			t.Errorf("size %d: the next batch does not go on with number %d: %.200s", c.size, c.want, next)
		}
	}
}

// Which messages of a batch the server refuses is told by their ids, in whatever order the
// replies come, and by their order when there are no ids.
func TestRefusedMessagesAreTold(t *testing.T) {
	for _, c := range []struct {
		name, replies string
		want          []reconcile.Span
	}{
		{"none", `[{"channel":"/bench","id":"11","successful":true},{"channel":"/bench","id":"12","successful":true},{"channel":"/bench","id":"13","successful":true}]`, nil},
		{"by id", `[{"channel":"/bench","id":"13","successful":false,"error":"503::busy"},{"channel":"/bench","id":"11","successful":true},{"channel":"/bench","id":"12","successful":true}]`,
			[]reconcile.Span{{From: 2, To: 3}}},
		{"by order", `[{"channel":"/bench","successful":true},{"channel":"/bench","successful":false,"error":"503::busy"},{"channel":"/bench","successful":false,"error":"503::busy"}]`,
			[]reconcile.Span{{From: 1, To: 3}}},
		{"an id of nobody", `[{"channel":"/bench","id":"99","successful":false,"error":"503::busy"}]`, nil},
	} {
		f := still(t, func(config *Config) { config.Publishers = 1 })
		f.sessions[4].id, f.sessions[4].clientID = 10, "p"
		enqueueAll(f, 3)
		f.take(nil, 4)
		f.advance(4, publish, f.read(4, publish, []byte(c.replies), 0), 0)
		progress := f.tally
		progress.Sent, progress.Void = f.out.sent, f.out.void
		l := progress.Ledger()
		if got := l.Published(0); fmt.Sprint(got.Void) != fmt.Sprint(c.want) || got.Total != 3 || f.tally.Published != 3 {
			t.Errorf("%s: %+v, want %v; %d published", c.name, got, c.want, f.tally.Published)
		}
	}
}

// A report that was handed out does not change when more is refused.
func TestReportsOfRefusalsStayAsTheyAre(t *testing.T) {
	f := still(t, func(config *Config) { config.Publishers = 1 })
	enqueueAll(f, 3)
	f.take(nil, 4)
	f.refuse(4, 0)
	early := f.out.void
	f.refuse(4, 1)
	f.refuseAll(4, connect) // which carries no messages
	if fmt.Sprint(early) != "[[{0 1}]]" || fmt.Sprint(f.out.void) != "[[{0 2}]]" || f.tally.Refused != 2 {
		t.Errorf("early %v, late %v, %d refused", early, f.out.void, f.tally.Refused)
	}
}

// The ramp keeps to its rate and to the number of subscribers that may be on their way.
func TestRampKeepsItsRate(t *testing.T) {
	f := still(t, func(config *Config) { config.Subscribers, config.Connecting = 100, 100 })
	f.ramp.to, f.ramp.pace, f.ramp.begin = 100, plan.Pace{Rate: 10}, int64(time.Second)
	for n, want := range map[int]time.Duration{0: time.Second, 1: 1100 * time.Millisecond, 25: 3500 * time.Millisecond} {
		f.ramp.started = n
		if got := f.rampNext(never); got != int64(want) {
			t.Errorf("subscriber %d is due at %v, want %v", n, time.Duration(got), want)
		}
	}
	f.ramp.underWay = 100
	if got := f.rampNext(never); got != never {
		t.Errorf("with enough on their way the next is due at %v", time.Duration(got))
	}
	f.ramp.underWay, f.ramp.started = 0, 100
	if got := f.rampNext(never); got != never {
		t.Errorf("with all started the next is due at %v", time.Duration(got))
	}
}

func TestChurnEndsByItsCount(t *testing.T) {
	f := still(t, nil)
	c := &f.churn
	for _, step := range []struct {
		name          string
		begin         int64
		idle          []int
		count, cycles int
		want          bool
	}{
		{"not begun", 0, []int{6}, 0, 0, false},
		{"without end", 1, []int{6}, 0, 1000, true},
		{"some left", 1, []int{6}, 5, 4, true},
		{"all begun", 1, []int{6}, 5, 5, false},
		{"called off", 1, []int{6}, -1, 0, false},
		{"all are under way", 1, nil, 5, 4, false},
	} {
		c.begin, c.idle, c.pace.Count, c.cycles = step.begin, step.idle, step.count, step.cycles
		if f.churning() != step.want || (f.churnNext(never) != never) != step.want {
			t.Errorf("%s: %v, next at %d", step.name, f.churning(), f.churnNext(never))
		}
	}
}

// A cycle counts as completed only with the reply to its disconnect.
func TestChurnCyclesAreCompletedOrFailed(t *testing.T) {
	f := still(t, nil)
	for _, c := range []struct {
		phase    phase
		failures uint8
		done     bool
	}{{leaving, 0, true}, {leaving, 1, false}, {subscribing, 0, false}} {
		f.churn.idle, f.tally.Churned, f.tally.ChurnFailed = nil, 0, 0
		f.sessions[6].phase, f.sessions[6].failures = c.phase, c.failures
		f.churnDone(6, 5)
		if f.tally.Churned == 1 != c.done || f.tally.ChurnFailed == 0 != c.done || len(f.churn.idle) != 1 || f.sessions[6].phase != absent {
			t.Errorf("%+v: %d completed, %d failed, %v idle", c, f.tally.Churned, f.tally.ChurnFailed, f.churn.idle)
		}
	}
}
