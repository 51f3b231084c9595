package internalhttp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Publishers who keep all connections open, idle, are never before a health check.
func TestHealthNeverWaitsBehindPublishers(t *testing.T) {
	r := newRig(t, nil)
	var idle []*bufio.ReadWriter
	for range 8 { // Options.Connections
		conn, err := r.client.Transport.(*http.Transport).DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
		idle = append(idle, c)
		expectStatus(t, c, "GET /channels HTTP/1.1\r\nHost: halley\r\n\r\n", 200, false)
	}
	for range 3 * HealthConnections {
		r.expect("GET", "/health/live", "", 200, `{"live":true}`)
		r.expect("GET", "/health/ready", "", 200, `{"ready":true}`)
	}
	for _, c := range idle {
		expectStatus(t, c, "GET /channels HTTP/1.1\r\nHost: halley\r\n\r\n", 200, false)
	}
}

// Who has a request and no connection gets that of the publisher who has been idle the
// longest. A connection with a request under way is never closed, and where all have one the
// answer is 503.
func TestIdleConnectionsGiveWay(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := New(&fake{}, Options{Settings: Settings{Connections: 3, Timeout: time.Minute, MaxPublish: 1000}, MaxMessages: 10, MaxDepth: 8, Log: discard()})
	done := make(chan error, 1)
	go func() { done <- l.Serve(socket) }()
	t.Cleanup(func() { l.Shutdown(t.Context()); <-done })
	dial := func() *bufio.ReadWriter {
		c, err := net.Dial("tcp", socket.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
	}
	const body = `{"channel":"/a","data":1}`
	post := fmt.Sprintf("POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", len(body))
	idle := func(want int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			l.socket.mu.Lock()
			n := l.socket.idle.Len()
			l.socket.mu.Unlock()
			if n == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%d connections are idle, want %d", n, want)
			}
		}
	}
	publish := func(c *bufio.ReadWriter, nowIdle int) {
		t.Helper()
		expectStatus(t, c, post+body, 200, false)
		idle(nowIdle)
	}
	first, second, third := dial(), dial(), dial()
	publish(second, 1)
	publish(first, 2)
	publish(third, 3)
	publish(first, 3) // second has been idle the longest now, then third
	ended := func(c *bufio.ReadWriter) {
		t.Helper()
		if text, err := io.ReadAll(c); len(text) > 0 || err != nil {
			t.Fatalf("an idle connection was to be closed: %q, %v", text, err)
		}
	}
	fourth, fifth := dial(), dial()
	publish(fourth, 3)
	ended(second)
	publish(fifth, 3)
	ended(third)

	for _, c := range []*bufio.ReadWriter{first, fourth, fifth} { // all have half a request
		fmt.Fprint(c, post+body[:9])
		c.Flush()
	}
	idle(0)
	expectStatus(t, dial(), post+body, 503, true)
	for _, c := range []*bufio.ReadWriter{first, fourth, fifth} {
		expectStatus(t, c, body[9:], 200, false)
	}
	for end := time.Now().Add(time.Minute); l.socket.open.Load() != 3; time.Sleep(time.Millisecond) { // one closes after its answer
		if time.Now().After(end) {
			t.Fatalf("%d connections are counted", l.socket.open.Load())
		}
	}
}

// deadlines is a connection that notes its deadline.
type deadlines struct {
	net.Conn
	last time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = t
	return nil
}

// Who takes a connection that is kept for health checks has to ask at once.
func TestSilenceOnConnectionsForHealth(t *testing.T) {
	var d deadlines
	late := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		spare bool
		ask   time.Time
		exact bool
	}{{false, late, true}, {false, time.Time{}, true}, {true, late, false}, {true, time.Time{}, false}, {true, late.Add(-2 * time.Hour), true}} {
		v := &visitor{Conn: &d, spare: tt.spare}
		v.SetReadDeadline(tt.ask)
		if exact := d.last.Equal(tt.ask); exact != tt.exact || !exact && (d.last.IsZero() || time.Until(d.last) > healthPatience) {
			t.Errorf("%+v: the deadline is %v", tt, d.last)
		}
	}
}

func expectStatus(t *testing.T, c *bufio.ReadWriter, request string, status int, closes bool) {
	t.Helper()
	fmt.Fprint(c, request)
	c.Flush()
	resp, err := http.ReadResponse(c.Reader, nil)
	if err != nil || resp.StatusCode != status || resp.Close != closes {
		t.Fatalf("%v, %v", resp, err)
	}
	c.Discard(int(resp.ContentLength))
}

// failing is a socket whose accepts fail before one ends it.
type failing struct {
	net.Listener
	errors []error
}

func (f *failing) Accept() (net.Conn, error) {
	err := f.errors[0]
	f.errors = f.errors[1:]
	return nil, &net.OpError{Op: "accept", Err: err}
}

func (f *failing) Close() error { return nil }

// What the system cannot give now does not end the listener.
func TestAcceptGoesOn(t *testing.T) {
	f := &failing{errors: []error{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, net.ErrClosed}}
	l := New(&fake{}, Options{Settings: Settings{Connections: 1, Timeout: time.Second, MaxPublish: 100}, Log: discard()})
	if err := l.Serve(f); err != nil || len(f.errors) != 0 {
		t.Errorf("%v, %d errors left", err, len(f.errors))
	}
}

// A listener that is shut down before it serves does not serve.
func TestShutdownBeforeServe(t *testing.T) {
	for range 100 {
		socket, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l := New(&fake{}, Options{Settings: Settings{Connections: 1, Timeout: time.Second, MaxPublish: 100}, Log: discard()})
		done := make(chan error)
		go func() { done <- l.Serve(socket) }()
		if err := l.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
