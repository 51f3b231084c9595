package listen

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deadline bounds every wait of these tests.
const deadline = time.Minute

func open(t *testing.T, path string, replace bool) *UnixSocket {
	t.Helper()
	u, err := OpenUnix(path, 0o620, replace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	return u
}

// greet has a listener's connections told its name.
func greet(l net.Listener, name string) {
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, name)
			conn.Close()
		}
	}()
}

func greeted(t *testing.T, path string) string {
	t.Helper()
	conn, err := net.Dial(Unix, path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(deadline))
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The file has the mode that was asked for, whatever the process's mask, and goes with its socket.
func TestFileOfAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	u := open(t, path, false)
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o620 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	greet(u, "a")
	if got := greeted(t, path); got != "a" {
		t.Error(got)
	}
	u.Close()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// The socket of a process that lives is not taken from it, that of one that died is, and another file never.
func TestStaleSockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first := open(t, path, false)
	if _, err := OpenUnix(path, 0o600, false); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("of one that lives: %v", err)
	}
	greet(first, "first")
	if got := greeted(t, path); got != "first" { // after the connection of the one who asked
		t.Error(got)
	}
	first.Listener.Close() // as a process that dies
	second := open(t, path, false)
	greet(second, "second")
	if got := greeted(t, path); got != "second" {
		t.Error(got)
	}
	first.Close()
	if got := greeted(t, path); got != "second" {
		t.Errorf("after the first one has closed: %s", got)
	}
	for _, other := range []string{filepath.Join(t.TempDir(), "file"), t.TempDir()} {
		if _, err := os.Lstat(other); err != nil {
			os.WriteFile(other, []byte("precious"), 0o600)
		}
		if _, err := OpenUnix(other, 0o600, true); err == nil || !strings.Contains(err.Error(), "no socket") {
			t.Errorf("%s: %v", other, err)
		}
		if _, err := os.Lstat(other); err != nil {
			t.Error(err)
		}
	}
}

// While a socket is replaced, whoever connects finds the old one or the new one.
func TestReplacedSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	greet(open(t, path, false), "x")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 50 {
			if u, err := OpenUnix(path, 0o600, true); err != nil {
				t.Error(err)
			} else {
				greet(u, "x")
			}
		}
	}()
	for {
		select {
		case <-ended:
			return
		default:
			greeted(t, path)
		}
	}
}

// faulty is a listener whose accept fails some times.
type faulty struct {
	net.Listener
	faults int
}

func (f *faulty) Accept() (net.Conn, error) {
	if f.faults > 0 {
		f.faults--
		return nil, os.NewSyscallError("accept4", syscall.EMFILE)
	}
	return f.Listener.Accept()
}

// A want of files goes by, and is logged once.
func TestAcceptOutlivesFaults(t *testing.T) {
	l, err := net.Listen(TCP, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	ctx, stop := context.WithTimeout(context.Background(), deadline)
	taken, ended := make(chan net.Conn), make(chan struct{})
	go func() {
		defer close(ended)
		Accept(ctx, &faulty{l, 3}, func(_ context.Context, conn net.Conn) { taken <- conn }, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	conn, err := net.Dial(TCP, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	select {
	case c := <-taken:
		c.Close()
	case <-time.After(deadline):
		t.Fatal("it does not come")
	}
	stop()
	select {
	case <-ended:
	case <-time.After(deadline):
		t.Fatal("it does not end")
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "too many open files") {
		t.Error(log.String())
	}
}
