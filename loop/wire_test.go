package loop

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets more tests run at once than there are processors: most of their
// time they wait.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}

// dialSlow connects with a receive buffer so small that the server soon has bytes
// it cannot send.
func dialSlow(t testing.TB, s *Server) *wire {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096) })
	}}
	conn, err := dialer.Dial("tcp", s.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	return newWire(t, secured(s, conn))
}

// mustClose reads to the end of the connection, which must not take for ever,
// and returns what came before it.
func (w *wire) mustClose() string {
	w.t.Helper()
	w.SetReadDeadline(time.Now().Add(deadline))
	rest, err := io.ReadAll(w.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatalf("the connection stays open, after %q", rest)
	}
	return string(rest)
}

// mustEnd is mustClose where nothing may come before the end.
func (w *wire) mustEnd() {
	w.t.Helper()
	if rest := w.mustClose(); rest != "" {
		w.t.Errorf("%q before the end of the connection", rest)
	}
}

// ask sends a request and reads its response.
func (w *wire) ask(request string) answer {
	w.t.Helper()
	w.send(request)
	return w.read()
}

// askHead sends a HEAD request and reads its response, which has no body.
func (w *wire) askHead(target string, fields ...string) answer {
	w.t.Helper()
	w.send(request("HEAD", target, fields...))
	a, err := w.tryReadTo(&http.Request{Method: "HEAD"})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// collect connects until it has had n events.
func (w *wire) collect(id string, n int) []string { return events(w.collectMessages(id, n)) }

// collectMessages connects until it has had n events, and returns all that came.
func (w *wire) collectMessages(id string, n int) (got []map[string]any) {
	w.t.Helper()
	for len(events(got)) < n {
		got = append(got, w.bayeux(connect(id))...)
	}
	return got
}

// request builds a request without a body. Each field is a line.
func request(method, target string, fields ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, target, lines(fields))
}

// postWith is a post to a target with further fields.
func postWith(target, body string, fields ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%s\r\n%s", target, len(body), lines(fields), body)
}

func lines(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return strings.Join(fields, "\r\n") + "\r\n"
}
