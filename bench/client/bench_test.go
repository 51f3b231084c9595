package client

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"halley/bench/reconcile"
	"halley/bench/wire"
)

// BenchmarkReceive is the generator's own work for what arrives at a held subscriber: a
// connect reply with one event and the next connect, and a frame with one event. Writes
// go to /dev/null. cpu-ns/op leaves out what other processes take.
func BenchmarkReceive(b *testing.B) {
	const event = `{"channel":"/bench","data":{"t":1,"n":%d,"r":7,"pad":"` + "0123456789012345678901234567890123456789" + `"}}`
	reply := `[` + event + `,{"channel":"/meta/connect","successful":true,"id":"3"}]`
	for _, c := range []struct {
		style wire.Style
		text  func(n int) []byte
	}{
		{wire.LongPolling, func(n int) []byte { return []byte(response(fmt.Sprintf(reply, n))) }},
		{wire.WebSocket, func(n int) []byte {
			return ws.MustCompileFrame(ws.NewTextFrame(fmt.Appendf(nil, "["+event+"]", n)))
		}},
		{wire.Events, func(n int) []byte { return []byte(chunkOf("data: " + fmt.Sprintf(event, n) + "\n\n")) }},
	} {
		b.Run(c.style.String(), func(b *testing.B) { benchmarkReceive(b, c.style, c.text) })
	}
}

func benchmarkReceive(b *testing.B, style wire.Style, text func(n int) []byte) {
	f := still(b, func(config *Config) { config.Style = style })
	fd := holdOpen(b, f, style)
	inputs := make([][]byte, 1000)
	for n := range inputs {
		inputs[n] = text(n)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	b.ResetTimer()
	before := threadTime(b)
	for i := range b.N {
		if i%len(inputs) == 0 { // or all that follow would be duplicates
			f.accounts.book = reconcile.NewBook(4, 1)
		}
		in := inputs[i%len(inputs)]
		if n := f.received(fd, in, int64(i)); n != len(in) {
			b.Fatalf("%d of %d bytes were taken", n, len(in))
		}
	}
	b.ReportMetric(float64(threadTime(b)-before)/float64(b.N), "cpu-ns/op")
	if f.accounts.latency.Count() != int64(b.N) || f.accounts.tally.Faults.Total() != 0 {
		b.Fatalf("%d delivered, faults %+v", f.accounts.latency.Count(), f.accounts.tally.Faults)
	}
}

// holdOpen makes session 0 a subscriber whose connect or stream is held on a socket that takes everything.
func holdOpen(b *testing.B, f *clients, style wire.Style) (fd int) {
	fd = openSocket(b, f, 0, connect)
	c := &f.loop.conns[fd]
	f.sessions[0].clientID, f.sessions[0].phase = "c1", holding
	if style != wire.LongPolling {
		c.busy = stream
		head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
		if style == wire.WebSocket {
			c.busy = connect
			_, key, _ := strings.Cut(string(f.targets.bayeux[0].endpoint.AppendUpgrade(nil, "/", "")), "Sec-WebSocket-Key: ")
			key, _, _ = strings.Cut(key, "\r\n")
			sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			accept := base64.StdEncoding.EncodeToString(sum[:])
			head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n"
		}
		if n := f.received(fd, []byte(head), 0); n != len(head) {
			b.Fatalf("%d of %d bytes of the head were taken", n, len(head))
		}
	}
	return fd
}

func threadTime(b *testing.B) int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
