package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halley/cmd/halley/config"
)

// pipeRoom is what goes into a pipe at once.
const pipeRoom = 4096

// narrow is a pipe for so many parts.
func narrow(t *testing.T, parts int) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, parts*pipeRoom); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

// A log that nobody reads holds nobody up. When somebody reads it again it says how much
// is missing, once and where.
func TestLogThatNobodyReads(t *testing.T) {
	reader, writer := narrow(t, 4)
	log, _ := newLog(writer, &config.Serve{Process: config.Process{LogLevel: "info", LogFormat: "text"}})
	for range 100 {
		log.Info("before", "text", strings.Repeat("x", 1000))
	}
	unread := make([]byte, 8*pipeRoom)
	n, err := reader.Read(unread)
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.Count(unread[:n], []byte("before"))
	log.Info("after")
	log.Info("and after that")
	writer.Close()
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(rest)), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "lines of the log are missing here") || !strings.Contains(lines[1], "msg=after") {
		t.Fatalf("after %d lines that were read, the log goes on with\n%s", whole, rest)
	}
	if whole+lostIn(t, lines[0]) != 100 {
		t.Errorf("%d lines and %s are not 100", whole, lines[0])
	}
}

// lostIn is the number at the end of a line.
func lostIn(t *testing.T, line string) (n int) {
	t.Helper()
	_, digits, _ := strings.Cut(line, "lines=")
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

// The server starts, serves and ends while its log is stuck.
func TestServerWhoseLogIsStuck(t *testing.T) {
	t.Parallel()
	_, writer := narrow(t, 1)
	if _, err := writer.Write(make([]byte, pipeRoom)); err != nil { // fills it
		t.Fatal(err)
	}
	internal := unused(t)
	c := exec.Command("/proc/self/exe", "serve", "--listen=127.0.0.1:0", "--internal="+internal, "--loops=1", "--drain-timeout=0", "--drain-delay=0s")
	c.Env = append(os.Environ(), asMain+"=1")
	c.Stderr = writer
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	defer c.Process.Kill()
	ready := false
	for begun := time.Now(); !ready && time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if r, err := http.Get("http://" + internal + "/health/ready"); err == nil {
			ready = r.StatusCode == http.StatusOK
			r.Body.Close()
		}
	}
	if !ready {
		t.Fatal("the server does not get ready")
	}
	time.Sleep(50 * time.Millisecond) // for the first line of the log, which goes out after that
	c.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("the server does not end")
	}
}
