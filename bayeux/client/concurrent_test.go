package client

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// Publishes go on while a connect is held, and replies find their callers.
func TestPublishWhileConnectIsHeld(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/meta/connect":   {{reply: okConnect}, {hold: make(chan struct{})}},
		"/good":           {{reply: `[{"channel":"/good","id":$1,"successful":true}]`}},
		"/bad":            {{reply: `[{"channel":"/bad","id":$1,"successful":false,"error":"403::no"}]`}},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	c := f.client(Options{})
	wait := run(ctx, c)
	for range 3 { // handshake, two connects
		await(t, f.seen, "a request")
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			channel, want := "/good", "<nil>"
			if i%2 == 0 {
				channel, want = "/bad", "client: publish: message 0: 403::no (1 refused)"
			}
			if got := fmt.Sprint(c.Publish(ctx, channel, []byte("1"))); got != want {
				t.Errorf("Publish to %s = %s", channel, got)
			}
		})
	}
	group.Wait()
	cancel()
	wait()
	c.look(func(m *machine) {
		if len(m.pending) > 1 { // the connect may be about to be given up
			t.Errorf("%d replies are still expected", len(m.pending))
		}
	})
}

// Whoever brings messages, handlers see one at a time and each source in order.
func TestInboxIsSerial(t *testing.T) {
	const sources, each = 8, 500
	b := newInbox()
	lane := b.newLane()
	b.use(lane)
	busy := false // not guarded: the race detector watches it
	last := map[string]int{}
	register(b, "/**", func(m Message) {
		if busy {
			t.Error("two handlers at once")
		}
		busy = true
		var n int
		fmt.Sscan(string(m.Data), &n)
		if n != last[m.Channel]+1 {
			t.Errorf("%s: %d after %d", m.Channel, n, last[m.Channel])
		}
		last[m.Channel] = n
		busy = false
	})
	var group sync.WaitGroup
	for s := range sources {
		group.Go(func() {
			for i := range each {
				b.put(lane, []Message{{Channel: fmt.Sprintf("/%d", s), Data: fmt.Append(nil, i+1)}})
			}
		})
	}
	group.Wait()
	<-b.settled()
	for s := range sources {
		if got := last[fmt.Sprintf("/%d", s)]; got != each {
			t.Errorf("source %d: %d handled", s, got)
		}
	}
}
