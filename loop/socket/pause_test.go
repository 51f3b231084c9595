package socket

import (
	"io"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// A paused connection is not read from, and is again when it is to be, also while output waits.
func TestPause(t *testing.T) {
	for name, output := range map[string]int{"idle": 0, "output waits": much} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan string, 8)
			p, client := open(t, &host{traffic: func(p *Plain) { received(p, seen) }})
			var poller Poller
			on(t, p, func() {
				poller = PollerOf(p.conn.gnet.EventLoop())
				p.Write(make([]byte, output))
				poller.SetReading(p.Conn(), false)
			})
			if poller == NoPoller {
				t.Fatal("this version of gnet keeps its poller elsewhere")
			}
			io.WriteString(client, "abc")
			eventually(t, p, func() bool { return p.Conn().Unread() == 3 })
			on(t, p, func() {}) // one more round of the loop
			if len(seen) != 0 {
				t.Error("it was read from")
			}
			on(t, p, func() { poller.SetReading(p.Conn(), true) })
			if got := <-seen; got != "abc" {
				t.Errorf("%q came", got)
			}
			if _, err := io.ReadFull(client, make([]byte, output)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A poller stirs when a connection has input or ends, also to one that was told before; looking takes nothing away from gnet.
func TestStirs(t *testing.T) {
	seen := make(chan string, 8)
	p, client := open(t, &host{traffic: func(p *Plain) { received(p, seen) }})
	on(t, p, func() {
		poller := PollerOf(p.conn.gnet.EventLoop())
		if poller.Stirs() {
			t.Error("nothing has come yet")
		}
		io.WriteString(client, "abc")
		for range 2 {
			if !comes(func() bool { return poller.Stirs() }) {
				t.Error("input has come")
			}
		}
	})
	if got := <-seen; got != "abc" {
		t.Errorf("%q came", got)
	}
	on(t, p, func() {
		poller := PollerOf(p.conn.gnet.EventLoop())
		if poller.Stirs() {
			t.Error("the input was read")
		}
		client.Close()
		if !comes(func() bool { return poller.Stirs() }) {
			t.Error("the client has gone")
		}
	})
	if !NoPoller.Stirs() {
		t.Error("nobody knows that nothing has come")
	}
}

// comes waits, on the loop, for something that the kernel does.
func comes(is func() bool) bool {
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		if is() {
			return true
		}
	}
	return false
}

// otherLoop is an event loop that keeps its poller where nobody looks.
type otherLoop struct {
	gnet.EventLoop
	poller int
}

// Where the poller is not found nothing is paused, and nothing breaks.
func TestNoPoller(t *testing.T) {
	for _, loop := range []gnet.EventLoop{nil, otherLoop{}, &otherLoop{poller: 3}, (*otherLoop)(nil)} {
		if got := PollerOf(loop); got != NoPoller {
			t.Errorf("%d of %T", got, loop)
		}
	}
	p, _ := open(t, &host{})
	NoPoller.SetReading(p.Conn(), false)
}
