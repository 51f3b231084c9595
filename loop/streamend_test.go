package loop

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Event-streams that end in the middle of a delivery, closed or reset, leave
// nothing behind: no session, no subscription, no event in a queue.
func TestEventStreamsEndMidway(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.QueueBytes = 3, 8<<20 })
	stop := make(chan struct{})
	var feed, clients sync.WaitGroup
	feed.Go(func() {
		for pad := strings.Repeat("x", 8<<10); ; time.Sleep(time.Millisecond) {
			select {
			case <-stop:
				return
			default:
				mustPublish(t, s, "/a", `"`+pad+`"`)
			}
		}
	})
	for n := range 60 {
		w := dialSlow(t, s)
		clients.Go(func() {
			w.Write([]byte(getRequest("/events?channel=/a", "")))
			time.Sleep(time.Duration(n%7) * 30 * time.Millisecond)
			if n%2 == 0 {
				w.Conn.(*net.TCPConn).SetLinger(0)
			}
			w.Close()
		})
	}
	clients.Wait()
	eventually(t, func() bool { st := s.Stats(); return st.Sessions+st.Connections == 0 })
	close(stop)
	feed.Wait()
	set := s.interest.Of("/a")
	equal(t, set.Empty(), true)
	equal(t, s.Stats().Panics, 0)
	s.visit(context.Background(), func(r *reactor) {
		equal(t, len(r.output.slow), 0)
		equal(t, r.core.Dirty(), false)
	})
}

// A stream that dies with events that its kernel had taken counts as a loss, and
// what was not taken comes back.
func TestResetStreamIsCounted(t *testing.T) {
	t.Parallel()
	s := start(t, roomy)
	home, w := dial(t, s), dialSlow(t, s)
	id := home.subscriber("/a")
	w.send(streamRequests(id)["eventsource"])
	eventually(t, func() bool { return hasStream(s, id) })
	home.hears(id)
	batch, want := big("/a", 80)
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	stalled(t, s)
	w.Conn.(*net.TCPConn).SetLinger(0)
	w.Close()
	eventually(t, func() bool { return !hasStream(s, id) })
	var got []string
	for len(got) == 0 || got[len(got)-1] != want[len(want)-1] {
		got = append(got, events(home.bayeux(connect(id)))...)
	}
	mustEqualEvents(t, got, want[len(want)-len(got):])
	equal(t, s.Stats().LostInFlight, 1)
}

// A delivery allocates nothing, whatever holds the connection.
func TestStreamAllocations(t *testing.T) {
	for _, kind := range []string{"websocket", "events", "xhr-streaming"} {
		t.Run(kind, func(t *testing.T) {
			const subscribers = 50
			b := newBench(t, 1)
			b.server.cfg.MaxConnections = 1000
			var sockets []*fakeSocket
			for range subscribers {
				s := b.open()
				sockets = append(sockets, s)
				if kind == "events" {
					b.traffic(s, getRequest("/events?channel=/a", ""))
					continue
				}
				id := b.handshake(t, s)
				b.traffic(s, post("["+connect(id)+","+subscribe(id, "/a")+"]"))
				if kind == "websocket" {
					b.traffic(s, upgradeRequest(""))
					b.traffic(s, maskedFrame(1, wsConnect(id)))
				} else {
					b.traffic(s, streamConnect(id, kind))
				}
			}
			for range 100 {
				b.cycle()
			}
			before := sockets[0].written
			if got := testing.AllocsPerRun(200, b.cycle); got > 1 {
				t.Errorf("%v allocations for a publish to %d subscribers, want 1", got, subscribers)
			}
			if got := sockets[0].written - before; got != 201 {
				t.Errorf("%d writes to a subscriber, want 201: %q", got, fmt.Sprint(string(sockets[0].last)))
			}
		})
	}
}
