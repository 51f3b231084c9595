package internalhttp

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"halley/loop"
)

// taker is a backend that publishes to nobody.
type taker struct{ fake }

func (*taker) Publish([]loop.Publication) error { return nil }

// repeated is a connection on which the same request comes so many times, a read each.
type repeated struct {
	net.Conn
	request string
	left    int
}

func (c *repeated) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	c.left--
	return copy(p, c.request), nil
}

func (c *repeated) Write(p []byte) (int, error)      { return len(p), nil }
func (c *repeated) SetReadDeadline(time.Time) error  { return nil }
func (c *repeated) SetWriteDeadline(time.Time) error { return nil }
func (c *repeated) LocalAddr() net.Addr              { return new(net.TCPAddr) }
func (c *repeated) RemoteAddr() net.Addr             { return new(net.TCPAddr) }
func (c *repeated) Close() error                     { return nil }

// posts has a listener answer so many requests with so many messages each.
func posts(tb testing.TB, messages, requests int) {
	const one = `{"channel":"/stock/%d","data":{"price":167.41,"size":%d}}`
	list := make([]string, messages)
	for i := range list {
		list[i] = fmt.Sprintf(one, i%10, 100+i)
	}
	body := "[" + strings.Join(list, ",") + "]"
	if messages == 1 {
		body = list[0]
	}
	l := New(new(taker), Options{Settings: Settings{Connections: 8, Timeout: time.Minute, MaxPublish: 1 << 20}, MaxMessages: 1000, MaxDepth: 8, Log: discard()})
	conn := &repeated{left: requests, request: fmt.Sprintf("POST /publish HTTP/1.1\r\nHost: 127.0.0.1:8081\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)}
	if err := l.server.ServeConn(conn); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkPublish is what a request costs without its system calls and what the loops do.
func BenchmarkPublish(b *testing.B) {
	for _, messages := range []int{1, 30} {
		b.Run(fmt.Sprintf("messages=%d", messages), func(b *testing.B) {
			b.ReportAllocs()
			posts(b, messages, b.N)
		})
	}
}

// A publish of one message takes a dozen allocations, with those of its answer, and a further message none.
func TestPublishAllocations(t *testing.T) {
	for _, messages := range []int{1, 30} {
		few := testing.AllocsPerRun(5, func() { posts(t, messages, 100) })
		many := testing.AllocsPerRun(5, func() { posts(t, messages, 1100) })
		if each := (many - few) / 1000; each > 13 {
			t.Errorf("%.1f allocations for a request of %d messages", each, messages)
		}
	}
}
