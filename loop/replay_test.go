package loop

import (
	"fmt"
	"testing"
)

// A client may have missed far more than its queue holds. It gets all of it, in order,
// and then what is live, whatever becomes of those who are too slow.
func TestReplayIsLargerThanTheQueue(t *testing.T) {
	t.Parallel()
	for _, slow := range []string{"drop-oldest", "disconnect"} {
		s := start(t, func(c *Config) {
			c.Loops, c.Rules, c.QueueMessages, c.Slow = 2, []string{"/h/** history=1000"}, 10, slow
		})
		var want []string
		note := func(n int) {
			want = append(want, fmt.Sprint(n))
			mustPublish(t, s, fmt.Sprintf("/h/%d", n%3), fmt.Sprint(n))
		}
		for n := range 500 {
			note(n)
		}
		a := dial(t, s)
		id := a.handshake()
		got := events(a.bayeux(subscribeFrom(id, "/h/*", "-2")))
		got = append(got, a.drainEvents(id, 100)...)
		for n := range 50 {
			note(500 + n)
		}
		got = append(got, a.drainEvents(id, len(want)-len(got))...)
		equal(t, got, want)
		equal(t, s.Stats().QueueDropped, 0)
	}
}

// A message that waits for its turn can be passed by a cursor that other channels have
// moved on. With a snapshot the last one comes again.
func TestReplayBringsWhatWaitedForItsTurn(t *testing.T) {
	s := start(t, withRules("/r/** history=10 rate=0.01/s snapshot"))
	a := dial(t, s)
	id := a.handshake()
	a.bayeux(subscribe(id, "/r/*"))
	mustPublish(t, s, "/r/a", "1")
	mustPublish(t, s, "/r/a", "2")
	mustPublish(t, s, "/r/b", "3")
	var cursor any
	for got := 0; got < 2; {
		for _, m := range a.bayeux(connect(id)) {
			if number, ok := m["replayId"]; ok {
				cursor, got = number, got+1
			}
		}
	}
	b := dial(t, s)
	equal(t, events(b.bayeux(subscribeFrom(b.handshake(), "/r/*", fmt.Sprint(cursor)))), []string{"2", "3"})
}
