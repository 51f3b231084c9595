package client_test

import (
	"cmp"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop"
)

// bad is a network in front of a server: each connection lives a tenth of a second
// to two, and then what the server sent last has gone nowhere.
type bad struct {
	net.Listener
	to    string
	cuts  atomic.Int64
	group sync.WaitGroup
	stop  chan struct{}
}

func badNetwork(t *testing.T, to string) *bad {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bad{Listener: l, to: to, stop: make(chan struct{})}
	b.group.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			b.group.Go(func() { b.carry(in) })
		}
	})
	t.Cleanup(func() {
		close(b.stop)
		l.Close()
		b.group.Wait()
	})
	return b
}

// carry carries one connection's bytes.
func (b *bad) carry(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", b.to)
	if err != nil {
		return
	}
	defer out.Close()
	var swallows atomic.Bool
	var both sync.WaitGroup
	both.Go(func() { pass(in, out, &swallows); in.Close() })
	both.Go(func() { pass(out, in, new(atomic.Bool)); out.Close() })
	life := 100*time.Millisecond + rand.N(1900*time.Millisecond)
	select {
	case <-time.After(life):
		b.cuts.Add(1)
		swallows.Store(true)
		time.Sleep(20 * time.Millisecond)
		in.(*net.TCPConn).SetLinger(0)
	case <-b.stop:
	}
	in.Close()
	out.Close()
	both.Wait()
}

func pass(to io.Writer, from io.Reader, swallows *atomic.Bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if swallows.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// cutTime is how long connections are cut: some seconds, or HALLEY_CUTS, as in 1m.
func cutTime(t *testing.T) time.Duration {
	t.Helper()
	value := cmp.Or(os.Getenv("HALLEY_CUTS"), "5s")
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Second {
		t.Fatalf("HALLEY_CUTS=%s is no time of a second or more", value)
	}
	return d
}

// feed publishes numbers at a rate, from 0 on.
func feed(t *testing.T, s *loop.Server, count, perSecond int) {
	t.Helper()
	begin := time.Now()
	for n := range count {
		time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / time.Duration(perSecond))))
		publish(t, s, n)
	}
}

// With the acknowledge extension, or with replay, nothing is lost and nothing
// doubled, however often connections are cut.
func TestNothingLostByCuts(t *testing.T) {
	s, address := serve(t, func(c *loop.Config) { c.Rules = []string{"/n history=10000"} })
	type way struct {
		name    string
		kind    string
		options client.Options
		since   []client.SubscribeOption
		network *bad
		*follower
	}
	earliest := []client.SubscribeOption{client.Since(client.Earliest)}
	ways := []*way{
		{name: "acknowledge", kind: "long-polling", options: client.Options{Acknowledge: true}},
		{name: "acknowledge", kind: "websocket", options: client.Options{Acknowledge: true}},
		{name: "replay", kind: "long-polling", options: client.Options{Replay: true}, since: earliest},
		{name: "replay", kind: "websocket", options: client.Options{Replay: true}, since: earliest},
		{name: "replay", kind: "eventsource", options: client.Options{Replay: true}, since: earliest},
		{name: "both", kind: "websocket", options: client.Options{Acknowledge: true, Replay: true}, since: earliest},
	}
	for _, w := range ways {
		w.network = badNetwork(t, s.Addresses()[0])
		w.options.ConnectionTypes = []string{w.kind}
		through := strings.Replace(address, s.Addresses()[0], w.network.Addr().String(), 1)
		w.follower = followWith(t, through, w.options, w.since...)
	}
	plain := &way{name: "plain", kind: "events", network: badNetwork(t, s.Addresses()[0])}
	plain.follower = followEvents(t, "http://"+plain.network.Addr().String()+"/events?channel=/n&lastEventId=-2")
	ways = append(ways, plain)
	const perSecond = 200
	count := int(cutTime(t).Seconds() * perSecond)
	feed(t, s, count, perSecond)
	for _, w := range ways {
		t.Run(w.name+" "+w.kind, func(t *testing.T) {
			w.has(t, count)
			until(t, "a cut", func() bool { return w.network.cuts.Load() > 0 })
		})
	}
	// Nothing comes twice afterwards either.
	publish(t, s, count)
	for _, w := range ways {
		w.has(t, count+1)
	}
}

// followWith is follow with options of its own, which waits until the handshake has
// got through.
func followWith(t *testing.T, address string, o client.Options, options ...client.SubscribeOption) *follower {
	t.Helper()
	f := &follower{done: make(chan error, 1)}
	o.MinBackoff, o.MaxBackoff, o.OnError = 5*time.Millisecond, 50*time.Millisecond, f.fault
	c, err := client.New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	f.Client = c
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute+2*cutTime(t))
	f.cancel = cancel
	if err := c.Subscribe(ctx, "/n", f.note, options...); err != nil {
		t.Fatal(err)
	}
	for c.Handshake(ctx) != nil && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	go func() { f.done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-f.done
		c.Close()
	})
	return f
}

func (f *follower) note(m client.Message) {
	n, _ := strconv.Atoi(string(m.Data))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, n)
}

// followEvents follows a plain event-stream.
func followEvents(t *testing.T, address string) *follower {
	f := &follower{done: make(chan error, 1)}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute+2*cutTime(t))
	o := client.Options{MinBackoff: 5 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, OnError: f.fault}
	go func() { f.done <- client.Events(ctx, address, o, f.note) }()
	t.Cleanup(func() {
		cancel()
		<-f.done
	})
	return f
}
