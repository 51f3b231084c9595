package nats

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"halley/loop/cluster/wire"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// TestMain finds goroutines that are left. One waits for a clients' port for ever in each server that has none.
func TestMain(m *testing.M) {
	if addresses := os.Getenv(childOf); addresses != "" {
		child(strings.Split(addresses, ","))
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).StartRouting"))
}

// childOf is the variable by which this program is a node in a process of its own: its address and those of its peers.
const childOf = "HALLEY_TEST_NODE"

// child is a node until its parent ends.
func child(addresses []string) {
	s := usual(func(s *Settings) { s.Listen, s.Peers = addresses[0], addresses[1:] })
	w, err := Open(s, 1<<16, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	leave(w)
}

// process starts a node in a process of its own, which ends with the test at the latest.
func process(t *testing.T, addresses ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childOf+"="+strings.Join(addresses, ","))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	return c
}

// usual are settings as the flags have them, with changes.
func usual(change func(*Settings)) Settings {
	var s Settings
	settings.Default(&s)
	change(&s)
	return s
}

// logged is a log that a test can read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
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

// join opens a wire that is closed when the test is over, at the latest.
func join(t *testing.T, s Settings) (*Wire, *logged) {
	t.Helper()
	log := new(logged)
	w, err := Open(s, 1<<16, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { leave(w) })
	return w, log
}

// leave closes a wire.
func leave(w *Wire) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	w.Close(ctx)
}

// mesh is a cluster of n embedded servers, with their settings.
func mesh(t *testing.T, n int, change func(*Settings)) (wires []*Wire, all []Settings) {
	t.Helper()
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = loopback.Address(t)
	}
	for i := range addresses {
		all = append(all, usual(func(s *Settings) {
			s.Listen, s.Peers = addresses[i], slices.Delete(slices.Clone(addresses), i, i+1)
			change(s)
		}))
	}
	for _, s := range all {
		w, _ := join(t, s)
		wires = append(wires, w)
	}
	return wires, all
}

// elsewhere starts a NATS server with a clients' port. It is stopped by what is returned, or when the test is over.
func elsewhere(t *testing.T, o *server.Options) (url string, stop func()) {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog = "127.0.0.1", true, true
	if o.Port == 0 {
		o.Port = -1
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("not ready")
	}
	stop = sync.OnceFunc(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	t.Cleanup(stop)
	return s.ClientURL(), stop
}

// inbox is what a wire got.
type inbox struct{ arrived chan string }

// listen subscribes to subjects.
func listen(t *testing.T, w *Wire, subjects ...string) *inbox {
	t.Helper()
	in := &inbox{make(chan string, 1<<16)}
	w.Watch(func(up bool) {
		in.arrived <- map[bool]string{true: "up", false: "down"}[up]
	})
	for _, subject := range subjects {
		if _, err := w.Subscribe(subject, func(m *wire.Message) { in.arrived <- m.Subject + " " + string(m.Data) }); err != nil {
			t.Fatal(err)
		}
	}
	return in
}

// next is what comes next.
func (in *inbox) next(t *testing.T) string {
	t.Helper()
	select {
	case text := <-in.arrived:
		return text
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing comes")
		return ""
	}
}

// meet sends a message again and again until each of the others has got one of it, so that the servers are known to know their
// subscriptions; then what comes after it is clean.
func meet(t *testing.T, from *Wire, subject string, ins ...*inbox) {
	t.Helper()
	for _, in := range ins {
		for met := false; !met; {
			from.Send(wire.Message{Subject: subject, Data: []byte("hello")})
			select {
			case <-in.arrived:
				met = true
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	from.Send(wire.Message{Subject: subject, Data: []byte("met")})
	for _, in := range ins {
		for in.next(t) != subject+" met" {
		}
	}
}
