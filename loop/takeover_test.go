package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"halley/loop/handover"
)

// succeed runs a server that takes over from the one at a control socket, with the same settings.
func succeed(t *testing.T, control string, change func(*Config)) running {
	t.Helper()
	p, err := Meet(control)
	if err != nil || p == nil {
		t.Fatalf("%v, %v", p, err)
	}
	return run(t, func(c *Config) { change(c); c.Predecessor = p })
}

// handsOver waits until a server's successor serves, and has it drain.
func (r running) handsOver(t *testing.T) {
	t.Helper()
	select {
	case <-r.HandedOver():
		r.stop()
	case <-time.After(deadline):
		t.Fatal("it hands nothing over")
	}
}

// A successor has the addresses, unix sockets included, and what is remembered. Cursors stay good, and numbers go on.
// While the predecessor drains, events and publishes of the clients of both reach all.
func TestTakeOver(t *testing.T) {
	for name, how := range map[string]struct {
		file string
		kind socketKind
	}{"alone": {}, "file": {file: "history"}, "TLS": {kind: tls13()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := how.file
			dir := t.TempDir()
			control := filepath.Join(dir, "control")
			change := how.kind.change(func(c *Config) {
				c.Loops, c.Control, c.Rules = 2, control, []string{"/h history=100", "/s snapshot"}
				c.Listen = []string{"127.0.0.1:0", "unix:" + filepath.Join(dir, "s"), "127.0.0.1:0"}
				c.DrainTimeout = 2 * time.Second
				if file != "" {
					c.HistoryFile = filepath.Join(dir, file)
				}
			})
			old := run(t, change)
			w := dial(t, old.Server)
			id := w.subscriber("/h")
			mustPublish(t, old.Server, "/h", "1")
			mustPublish(t, old.Server, "/s", "1")
			got := w.bayeux(connect(id))
			equal(t, events(got), []string{"1"})
			first := replayID(t, got[0])
			plain := dial(t, old.Server)
			plainID := plain.subscriber("/u")
			young := succeed(t, control, change)
			equal(t, young.Addresses(), old.Addresses())
			select {
			case <-old.HandedOver():
			case <-time.After(deadline):
				t.Fatal("it hands nothing over")
			}
			for number := range young.Listeners() {
				for range 8 {
					c := dialAt(t, young.Server, number)
					n := c.handshake()
					c.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, n))
				}
			}
			equal(t, old.Stats().Handshakes, 2)
			// By the one and the other, of sequenced channels and others.
			mustPublish(t, young.Server, "/h", "2")
			mustPublish(t, old.Server, "/h", "3")
			other := dial(t, young.Server)
			otherID := other.subscriber("/u")
			w.bayeux(publish(id, "/u", "4"))
			other.bayeux(publish(otherID, "/u", "5"))
			eventually(t, func() bool { return len(events(replayTo(t, young.Server, "/h", first))) == 2 })
			equal(t, gather(t, w, id, 2), []string{"2", "3"})
			for _, got := range [][]string{gather(t, plain, plainID, 2), gather(t, other, otherID, 2)} {
				slices.Sort(got)
				equal(t, got, []string{"4", "5"})
			}
			got = replayTo(t, young.Server, "/h", first)
			equal(t, events(got), []string{"2", "3"})
			last := replayID(t, got[0])
			if last <= first || last > first+10 {
				t.Errorf("number %d goes on from %d", last, first)
			}
			snapshot := dial(t, young.Server)
			sid := snapshot.handshake()
			equal(t, events(snapshot.join(sid, subscribe(sid, "/s"))), []string{"1"})
			old.stop()
			old.wait(t)
			for number := range young.Listeners() {
				for range 8 {
					dialAt(t, young.Server, number).handshake()
				}
			}
			// And again.
			third := succeed(t, control, change)
			young.handsOver(t)
			young.wait(t)
			equal(t, events(replayTo(t, third.Server, "/h", first)), []string{"2", "3"})
			third.stop()
			third.wait(t)
			left, _ := filepath.Glob(filepath.Join(dir, "*"))
			equal(t, len(left), len(file)/7)
		})
	}
}

// gather polls until so many events have come.
func gather(t *testing.T, w *wire, id string, want int) (data []string) {
	t.Helper()
	for len(data) < want {
		data = append(data, events(w.bayeux(connect(id)))...)
	}
	return data
}

// A successor that dies before it serves changes nothing: what was published meanwhile waits for it to fail.
func TestSuccessorThatDies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	control := filepath.Join(dir, "control")
	change := func(c *Config) {
		c.Control, c.Rules, c.HistoryFile = control, []string{"/h history=100"}, filepath.Join(dir, "history")
	}
	old := run(t, change)
	w := dial(t, old.Server)
	id := w.subscriber("/h")
	for range 3 {
		p, err := Meet(control)
		if err != nil || p == nil {
			t.Fatalf("%v, %v", p, err)
		}
		_, err = New(config(func(c *Config) { change(c); c.Predecessor, c.HistoryFile = p, filepath.Join(dir, "none", "history") }))
		if err == nil {
			t.Fatal("it starts without a folder for its file")
		}
		_, err = New(config(func(c *Config) { change(c); c.Predecessor, c.HistoryFile = p, "/dev/shm/../.."+dir })) // a folder
		if err == nil {
			t.Fatal("it starts with a folder for a file")
		}
		p.Close()
		mustPublish(t, old.Server, "/h", "1")
	}
	// One that dies when it has the past already.
	p, err := Meet(control)
	if err != nil {
		t.Fatal(err)
	}
	s := made(t, func(c *Config) { change(c); c.Predecessor = p; c.HistoryFile = filepath.Join(dir, "history") })
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.succession(p).inherit(ctx); err != nil {
		t.Fatal(err)
	}
	published := make(chan error, 1)
	go func() { published <- old.Publish(publication("/h", "2")) }()
	time.Sleep(20 * time.Millisecond)
	if err := s.local.Close(); err != nil {
		t.Fatal(err)
	}
	cancel()
	p.Close()
	if err := <-published; err != nil {
		t.Error(err)
	}
	equal(t, gather(t, w, id, 4), []string{"1", "1", "1", "2"})
	third := succeed(t, control, change)
	old.handsOver(t)
	old.wait(t)
	equal(t, len(events(replayTo(t, third.Server, "/h", -2))), 4)
	third.stop()
	third.wait(t)
}

// Nobody who connects during a hand-over is refused, cut or left without an answer.
func TestTakeOverUnderLoad(t *testing.T) {
	eachEncryption(t, takeOverUnderLoad)
}

func takeOverUnderLoad(t *testing.T, k socketKind) {
	control := filepath.Join(t.TempDir(), "control")
	change := k.change(func(c *Config) {
		c.Loops, c.Control, c.DrainTimeout, c.Listen = 2, control, deadline, []string{"127.0.0.1:0"}
	})
	s := run(t, change)
	address, first := s.Addresses()[0], s.Server
	var group sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Error("refused: ", err)
					return
				}
				conn = secured(first, conn)
				conn.SetDeadline(time.Now().Add(deadline))
				fmt.Fprint(conn, post(`{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`))
				if n, err := conn.Read(make([]byte, 1000)); n == 0 { // with it TLS 1.2 may tell the end at once
					t.Error("no answer: ", err, time.Now())
				}
				conn.Close()
			}
		})
	}
	for range 4 {
		next := succeed(t, control, change)
		s.handsOver(t)
		s.wait(t)
		time.Sleep(lastSteps + lastSteps/4) // its sockets close
		s = next
	}
	close(done)
	group.Wait()
	if n := len(s.listening.old()); n == 0 {
		t.Error("it has no sockets of its predecessor")
	}
	s.stop()
	s.wait(t)
}

// A link that breaks while the predecessor still has clients is told of: they miss what is published at the successor.
func TestBrokenLinkIsTold(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	h := &heir{bequest: &bequest{shared: s.shared, local: s.local}}
	if _, err := s.local.Leave(func(handover.Part) {}); err != nil {
		t.Fatal(err)
	}
	h.over.Store(true)
	if err := h.ended(handover.ErrSlow); !errors.Is(err, handover.ErrSlow) {
		t.Errorf("%v", err)
	}
}
