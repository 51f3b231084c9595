package loop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asServer in its environment makes the test program a server of two loops, which
// tells its address and why it ends; the value is the pause before a new start.
const asServer = "HALLEY_TEST_SERVER"

// TestServerOfItsOwn is that server.
func TestServerOfItsOwn(t *testing.T) {
	pause, err := time.ParseDuration(os.Getenv(asServer))
	if err != nil {
		t.Skip("a part of other tests")
	}
	s := made(t, func(c *Config) {
		c.Loops, c.MaxInterval = 2, time.Hour
		c.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	})
	s.engine.pause = pause
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin) // until the other side ends
		stop()
	}()
	go func() { fmt.Println("address", s.Addresses()[0]) }()
	err = s.Run(ctx)
	fmt.Println("ended with", err, "after", max(s.engine.started.Load(), 1)-1, "new starts")
}

// apart is a server in a process of its own.
type apart struct {
	t       *testing.T
	pid     int
	out     *bufio.Scanner
	stop    func()
	address string
	limit   unix.Rlimit
}

func startApart(t *testing.T, pause time.Duration) *apart {
	t.Helper()
	command := exec.Command("/proc/self/exe", "-test.run=^TestServerOfItsOwn$")
	command.Env = append(os.Environ(), asServer+"="+pause.String())
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*deadline, func() { command.Process.Kill() })
	t.Cleanup(func() {
		in.Close()
		command.Process.Kill()
		command.Wait()
		late.Stop()
	})
	a := &apart{t: t, pid: command.Process.Pid, out: bufio.NewScanner(out), stop: func() { in.Close() }}
	a.address = strings.Fields(a.await("address "))[1]
	// The address is known before the loops have their files: an answer proves them.
	a.dial().subscriber("/a")
	if err := unix.Prlimit(a.pid, unix.RLIMIT_NOFILE, nil, &a.limit); err != nil {
		t.Fatal(err)
	}
	return a
}

// await reads what the server says up to a line with the text.
func (a *apart) await(text string) string {
	a.t.Helper()
	for a.out.Scan() {
		if strings.Contains(a.out.Text(), text) {
			return a.out.Text()
		}
	}
	a.t.Fatalf("it never said %q", text)
	return ""
}

// files sets how many files the server may have open; what is open stays.
func (a *apart) files(most uint64) {
	a.t.Helper()
	if err := unix.Prlimit(a.pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: most, Max: a.limit.Max}, nil); err != nil {
		a.t.Fatal(err)
	}
}

// knock tries to connect once.
func (a *apart) knock() {
	if conn, err := net.Dial("tcp", a.address); err == nil {
		conn.Close()
	}
}

func (a *apart) dial() *wire {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.address)
	if err != nil {
		a.t.Fatal(err)
	}
	return newWire(a.t, conn)
}

// A server that can accept nothing for want of files, in truth, cuts all connections
// but keeps its sessions, on every loop, and serves them when it can again.
func TestServerOutlivesAFailingAccept(t *testing.T) {
	a := startApart(t, restartPause)
	var clients []*wire
	var ids []string
	for range 20 { // on both loops
		w := a.dial()
		clients, ids = append(clients, w), append(ids, w.subscriber("/a"))
	}
	a.files(3)
	a.knock()
	a.await("started anew")
	for _, w := range clients {
		w.mustClose()
	}
	a.files(a.limit.Cur)
	var poll *wire
	for poll == nil {
		if conn, err := net.Dial("tcp", a.address); err == nil {
			poll = newWire(t, conn)
		}
		time.Sleep(10 * time.Millisecond)
	}
	// By one connection, on one loop, for the sessions of both.
	equal(t, len(poll.bayeux(publish(ids[0], "/a", "1"))), 1)
	for _, id := range ids {
		equal(t, events(poll.bayeux(connect(id))), []string{"1"})
	}
	a.stop()
	equal(t, a.await("ended with"), "ended with <nil> after 1 new starts")
}

// Where that lasts, the server ends with the reason.
func TestServerEndsWhereAcceptFailsForEver(t *testing.T) {
	a := startApart(t, time.Millisecond)
	a.files(3)
	a.knock()
	end := a.await("ended with")
	if !strings.Contains(end, "too many open files") || !strings.Contains(end, "ended 11 times") {
		t.Error(end)
	}
}

// Between two engines no loop has its reactor: sessions are known still, and what
// would be done on every loop waits or is left.
func TestBetweenTwoEngines(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	id := w.subscriber("/a")
	sessions := s.Stats().Sessions
	equal(t, s.isHome(0), true)
	equal(t, s.isHome(1), false)
	s.bound.Store(new([]*reactor)) // as unbind does
	equal(t, s.isHome(0), true)
	s.trim()
	equal(t, s.Stats().Sessions, sessions)
	mustPublish(t, s, "/a", "1")
	equal(t, events(dial(t, s).bayeux(connect(id))), []string{"1"})
	// A tick for a loop that is not there does not count as posted.
	equal(t, newReactor(s.shared, 0, s.now()).execute(&s.reactors[0].tickTask), false)
}
