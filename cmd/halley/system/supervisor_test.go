package system

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// notifications is a supervisor's socket.
type notifications struct {
	t    *testing.T
	conn *net.UnixConn
}

// supervised has the processes that this test starts, and itself, tell a supervisor of theirs.
func supervised(t *testing.T) notifications {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return notifications{t, conn}
}

// next is the next notification.
func (n notifications) next() string {
	n.t.Helper()
	n.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	b := make([]byte, 4096)
	size, err := n.conn.Read(b)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(b[:size])
}

// The watchdog is told at half its interval, but not while a loop is stuck.
func TestWatchdog(t *testing.T) {
	n := supervised(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", fmt.Sprint(os.Getpid()))
	asked := make(chan bool)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Supervisor{Log: slog.New(slog.DiscardHandler)}.Watch(ctx, func() bool {
			select {
			case asked <- true:
				return <-asked
			case <-ctx.Done():
				return false
			}
		})
	}()
	for _, alive := range []bool{true, false, false, true} {
		<-asked
		asked <- alive
	}
	for range 2 {
		if got := n.next(); got != "WATCHDOG=1" {
			t.Errorf("%q", got)
		}
	}
	stop()
	<-ended
	n.conn.SetReadDeadline(time.Now())
	if size, err := n.conn.Read(make([]byte, 100)); err == nil {
		t.Errorf("%d bytes more", size)
	}
}

// Without a supervisor nobody is told anything, and nothing is waited for.
func TestNoSupervisor(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	var log strings.Builder
	s := Supervisor{Log: slog.New(slog.NewTextHandler(&log, nil))}
	s.Ready()
	s.Stopping()
	s.Watch(context.Background(), func() bool { t.Error("asked"); return true })
	if log.String() != "" {
		t.Error(log.String())
	}
}
