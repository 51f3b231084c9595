package loop

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// calls are how often a process has called the system to read or to write, whatever came of it.
type calls struct{ reads, writes int }

// callsOf are those of all threads of a process until now.
func callsOf(t *testing.T, pid int) (n calls) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		t.Skip("the kernel does not count: ", err)
	}
	for line := range strings.Lines(string(text)) {
		fmt.Sscanf(line, "syscr: %d", &n.reads)
		fmt.Sscanf(line, "syscw: %d", &n.writes)
	}
	if n.reads == 0 {
		t.Skip("the kernel does not count")
	}
	return n
}

// wayOut is a connection type, as the tests of calls use it.
type wayOut struct {
	kind     string
	attach   func(w *wire, id string) // has a client wait for events, and is called again for the next one
	once     bool                     // attach holds for all events
	next     func(w *wire) string     // the next events, as text
	ownReads int                      // of each delivery
}

// waysOut are the connection types whose deliveries differ.
var waysOut = []wayOut{
	{kind: "long-polling", ownReads: 1,
		attach: func(w *wire, id string) { w.send(post(connect(id))) },
		next:   func(w *wire) string { return w.read().body }},
	{kind: "eventsource", once: true,
		attach: func(w *wire, id string) {
			w.hears(id)
			w.openStream(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
		},
		next: func(w *wire) string { return w.lineOf("data: [") }},
	{kind: "events", once: true,
		attach: func(w *wire, _ string) { w.openStream(getRequest("/events?channel=/a", "")) },
		next:   func(w *wire) string { return w.lineOf("data: {") }},
	{kind: "websocket", once: true,
		attach: func(w *wire, id string) {
			w.ask(upgradeRequest(""))
			w.frame(1, wsConnect(id))
		},
		next: func(w *wire) string {
			for {
				_, payload := w.readFrame()
				if strings.Contains(payload, `"data":`) {
					return payload
				}
			}
		}},
}

// lineOf is the next line of a response that begins so.
func (w *wire) lineOf(beginning string) string {
	for {
		text, err := w.in.ReadString('\n')
		if err != nil || strings.HasPrefix(text, beginning) {
			return text
		}
	}
}

// A delivery is one write, and the poll that follows it one read, whatever the number of subscribers: neither is tried twice, and no
// loop is woken for one client alone. Streams are not read from. Beside them there are a few calls for each publish. The process's
// own counters tell: times are no measure on a busy machine, but these are.
func TestCallsOfADelivery(t *testing.T) {
	const subscribers, rounds = 100, 30
	for _, k := range waysOut {
		t.Run(k.kind, func(t *testing.T) {
			a := startApart(t, restartPause)
			var clients []*wire
			var ids []string
			for range subscribers {
				w := a.dial()
				ids = append(ids, w.subscriber("/a"))
				clients = append(clients, w)
			}
			publisher := a.dial()
			id := publisher.handshake()
			attach := func() {
				for i, w := range clients {
					k.attach(w, ids[i])
				}
			}
			round := func(n int) {
				equal(t, publisher.bayeux(publish(id, "/a", fmt.Sprint(n)))[0]["successful"], true)
				for i, w := range clients {
					if text := k.next(w); !strings.Contains(text, fmt.Sprintf(`"data":%d`, n)) {
						t.Fatalf("client %d gets %s", i, text)
					}
				}
				if !k.once {
					attach()
				}
			}
			attach()
			round(0)
			before, begun := callsOf(t, a.pid), time.Now()
			for n := range rounds {
				round(n + 1)
			}
			after := callsOf(t, a.pid)
			const deliveries = subscribers * rounds
			const perPublish = 8 // its own request, and waking both loops some times
			const perTick = 4    // waking both loops, and who ticks
			beside := rounds*perPublish + perTick*int(time.Since(begun)/tickEvery)
			for what, n := range map[string][2]int{
				"writes": {after.writes - before.writes, deliveries},
				"reads":  {after.reads - before.reads, deliveries * k.ownReads},
			} {
				t.Logf("%d %s for %d deliveries", n[0], what, deliveries)
				if n[0] > n[1]+beside {
					t.Errorf("%d %s for %d deliveries, want %d and a few", n[0], what, deliveries, n[1])
				}
			}
		})
	}
}
