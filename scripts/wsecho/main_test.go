package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const deadline = 2 * time.Minute

// start runs the echo server until the test ends.
func start(t testing.TB) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go serve(l)
	return l.Addr().String()
}

// raw is a client that sends any bytes.
type raw struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func dial(t testing.TB, address string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(deadline))
	r := &raw{t: t, Conn: conn, in: bufio.NewReader(conn)}
	r.send("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	for text := ""; text != "\r\n"; {
		if text, err = r.in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *raw) send(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r.Conn, text); err != nil {
		r.t.Fatal(err)
	}
}

// read puts the next frame into words; "end" is the connection's.
func (r *raw) read() string {
	r.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.in, head); err != nil {
		return "end"
	}
	payload := make([]byte, head[1]) // none here is long
	io.ReadFull(r.in, payload)
	if head[0] == 0x88 && len(payload) >= 2 {
		return fmt.Sprintf("close %d", binary.BigEndian.Uint16(payload))
	}
	return fmt.Sprintf("%x %q", head[0], payload)
}

// frame is a short masked frame.
func frame(first byte, payload string) string {
	body := []byte(payload)
	for i := range body {
		body[i] ^= "mask"[i%4]
	}
	return string([]byte{first, 0x80 | byte(len(body))}) + "mask" + string(body)
}

// A fault is answered before the rest of its message or frame arrives: what comes
// first decides (the suite's cases 6.4).
func TestFailFast(t *testing.T) {
	address := start(t)
	for name, row := range map[string]struct{ sent, want string }{
		"text in a frame's middle":   {frame(0x81, "κόσμε\xf4\x90\x80\x80edited")[:6+14], "close 1007"},
		"text in a fragment":         {frame(0x01, "κόσμε") + frame(0x00, "\xf4\x90"), "close 1007"},
		"a cut character at the end": {frame(0x81, "κόσμ\xce"), "close 1007"},
		"reserved bits":              {"\xf1", "close 1002"},
		"opcode":                     {"\x83", "close 1002"},
		"no mask":                    {"\x81\x05", "close 1002"},
		"ping of 126":                {"\x89\xfe", "close 1002"},
		"ping in fragments":          {"\x09", "close 1002"},
		"length with the top bit":    {"\x82\xff\x80", "close 1002"},
		"length that is too long":    {"\x82\xff\x00\x00\x00\x00\x02\x00\x00\x01mask", "close 1009"},
		"length in too many bytes":   {"\x82\xfe\x00\x7d", "close 1002"},
		"continuation of nothing":    {frame(0x80, ""), "close 1002"},
		"close with a bad code":      {frame(0x88, "\x03\xec"), "close 1002"},
	} {
		t.Run(name, func(t *testing.T) {
			r := dial(t, address)
			r.send(frame(0x89, "before"))
			if got, want := r.read(), `8a "before"`; got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
			r.send(row.sent)
			if got := r.read() + " " + r.read(); got != row.want+" end" {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// What comes in the same segment as the handshake is read, and input cut anywhere
// is the same input.
func TestCutAnywhere(t *testing.T) {
	address := start(t)
	in := frame(0x81, "Hello") + frame(0x89, "ping") + frame(0x01, "one") + frame(0x89, "") + frame(0x80, "two") + frame(0x88, "\x03\xe8")
	want := `81 "Hello", 8a "ping", 8a "", 81 "onetwo", close 1000, end`
	for _, size := range []int{1, 2, 3, 7, 1000} {
		r := dial(t, address)
		for rest := in; rest != ""; rest = rest[min(size, len(rest)):] {
			r.send(rest[:min(size, len(rest))])
		}
		var got []string
		for len(got) == 0 || got[len(got)-1] != "end" {
			got = append(got, r.read())
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("in pieces of %d: got %s, want %s", size, text, want)
		}
	}
}

// Messages of all sizes come back to a client of somebody else's (the suite's
// groups 1, 9 and 10).
func TestSizes(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+start(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(32 << 20)
	for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
		for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20, 4 << 20} {
			want := strings.Repeat("*", n)
			go c.Write(ctx, kind, []byte(want))
			got, text, err := c.Read(ctx)
			if err != nil || got != kind || string(text) != want {
				t.Fatalf("%v of %d bytes: %v of %d, %v", kind, n, got, len(text), err)
			}
		}
	}
	for n := range 1000 {
		if err := c.Write(ctx, websocket.MessageText, []byte(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
		if _, text, err := c.Read(ctx); err != nil || string(text) != fmt.Sprint(n) {
			t.Fatalf("message %d: %q %v", n, text, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, "done"); err != nil {
		t.Error(err)
	}
}
