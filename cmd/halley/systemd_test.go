package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	n.conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 4096)
	size, err := n.conn.Read(b)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(b[:size])
}

// The supervisor is told when the server is ready, reloads, is ready again, and stops.
func TestNotifications(t *testing.T) {
	n := supervised(t)
	c := serving(t, "--history-file="+filepath.Join(t.TempDir(), "h"))
	if got, want := n.next(), fmt.Sprintf("MAINPID=%d\nREADY=1", c.Process.Pid); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.Process.Signal(syscall.SIGHUP)
	if got := n.next(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("%q", got)
	}
	if got := n.next(); got != "READY=1" {
		t.Errorf("%q", got)
	}
	c.Process.Signal(syscall.SIGTERM)
	if got := n.next(); got != "STOPPING=1" {
		t.Errorf("%q", got)
	}
	if code := c.ends(t).ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// Sockets that systemd has opened are served, the internal one too; they take connections before the server runs and
// after it has ended.
func TestGivenSockets(t *testing.T) {
	var files []*os.File
	var addresses []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files, addresses = append(files, file), append(addresses, l.Addr().String())
	}
	early, err := net.Dial("tcp", addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	for range 2 {
		c := &child{Cmd: exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, "/proc/self/exe", "serve", "--listen=fd:web", "--internal=fd:inside",
			"--internal-key=k", "--loops=2", "--drain-timeout=0", "--drain-delay=0", "--log-format=json")}
		exe, _ := os.Executable()
		c.Args[3] = exe
		c.Env = append(os.Environ(), asMain+"=1", "LISTEN_FDS=3", "LISTEN_FDNAMES=web:inside:web", "HALLEY_INTERNAL_KEY=k")
		c.ExtraFiles = files
		c.begin(t)
		endpoint, internal := c.addresses(t)
		if endpoint != "http://fd:web/bayeux" || internal != "http://"+addresses[1] {
			t.Errorf("%s, %s", endpoint, internal)
		}
		for _, i := range []int{0, 2} {
			if code, _, stderr := halley(t, "", "pub", "/a", "1", "--bayeux=http://"+addresses[i]+"/bayeux"); code != 0 {
				t.Errorf("pub: exit %d, %s", code, stderr)
			}
		}
		if status, _ := look(t, internal+"/health/ready"); status != 200 {
			t.Errorf("ready: %d", status)
		}
		c.Process.Signal(syscall.SIGTERM)
		if code := c.ends(t).ExitCode(); code != 0 {
			t.Errorf("exit %d", code)
		}
	}
	s := start(t, "serve", "--listen=fd:web", "--internal=")
	if code := <-s.code; code != exitFailed || !strings.Contains(s.log.String(), "--listen") {
		t.Errorf("without sockets: exit %d, %s", code, s.log)
	}
}
