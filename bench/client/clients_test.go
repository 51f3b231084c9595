package client

import (
	"halley/bench/faulty"
	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// still are the clients of a fleet that does not run, so that their parts can be looked at one by one.
func still(t testing.TB, change func(*Config)) *clients {
	t.Helper()
	config := sampleConfig("http://127.0.0.1:1/bayeux")
	config.Subscribers, config.Publishers, config.Churners = 4, 2, 1
	if change != nil {
		change(&config)
	}
	config.setDefaults()
	c, err := newClients(&config, NewClock(Monotonic()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.loop.release)
	return c
}

// openSocket gives session i a connection that is busy with a request and takes everything.
func openSocket(t testing.TB, c *clients, i int, what request) (fd int) {
	t.Helper()
	fd, err := unix.Open("/dev/null", unix.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for len(c.loop.conns) <= fd {
		c.loop.conns = append(c.loop.conns, conn{})
	}
	c.loop.conns[fd] = conn{phase: open, busy: what, owner: int32(i)}
	*c.sessions[i].line(what) = fd
	c.accounts.tally.Open++
	return fd
}

// A stalled reader subscribes and then reads nothing; the server may reset it.
func TestStalledReaders(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Subscribers = 0
	config.Stalled = []wire.Style{wire.WebSocket, wire.Events, wire.XHRStreaming, wire.EventSource, wire.Iframe, wire.MimeMessageBlock}
	config.Size = 4096
	r := startRig(t, config)
	r.fleet.Stall()
	r.until("the stalled readers", func(p Progress) bool { return p.Stalled == 6 })
	res := r.publish(500, 0, 0)
	if c := res.Counts; c != (reconcile.Counts{}) || res.Progress.Shut != 0 || res.Progress.Received > 100*4096 || res.Progress.Faults.Total() != 0 {
		t.Errorf("%+v, %+v", c, res.Progress)
	}
	r.fleet.Leave()
	r.until("an empty fleet", func(p Progress) bool { return p.Open == 0 })
}

// What the server does to a stalled reader is counted and no fault.
func TestAStalledReaderMayBeReset(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 1024)) // the client's request; without it the test hangs and fails
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}()
	config := sampleConfig("http://" + l.Addr().String() + "/bayeux")
	config.Subscribers, config.Stalled = 0, []wire.Style{wire.Events}
	r := startRig(t, config)
	r.fleet.Stall()
	if p := r.until("the reset", func(p Progress) bool { return p.Shut == 1 }); p.Stalled != 1 || p.Open != 0 || p.Faults.Total() != 0 {
		t.Errorf("%+v", p)
	}
}

// The loop sleeps until the first of all that is due.
func TestTheFirstThatIsDueWakes(t *testing.T) {
	c := still(t, nil)
	if got := c.wake(1000); got != 1000 {
		t.Errorf("with nothing due it wakes at %d", got)
	}
	c.timers.add(timer{due: 900})
	for _, step := range []struct {
		name  string
		start func()
		want  int64
	}{
		{"a timer", func() {}, 900},
		{"a publication", func() { c.out.start(Publication{Start: 800, Pace: plan.Pace{Count: 1}}, 0) }, 800},
		{"the ramp", func() { c.ramp.start(1, 0, 700) }, 700},
		{"churn", func() { c.churn.start(0, 0, 600) }, 600},
		{"a kill", func() { c.killing.start(1, 500-int64(time.Second)) }, 500},
	} {
		if step.start(); c.wake(1000) != step.want {
			t.Errorf("%s wakes at %d, want %d", step.name, c.wake(1000), step.want)
		}
	}
}
