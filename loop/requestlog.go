// Proved by TestRequestsAreLogged and TestRequestsAreSampled.

package loop

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/front"
)

// requestLog has a line for one of so many requests, when their answer goes: of a loop, nil where none are logged. The loop
// hands each line over and never waits for whoever writes it.
type requestLog struct {
	lines *requestLines
	every int
	seen  int                     // since the last one that is logged
	open  map[uint32]*requestLine // those without an answer yet, by the slot of their connection
}

// requestLine is what is logged of one request.
type requestLine struct {
	Method, Path, Client, Type string
	Status, Bytes              int
	Held                       bool // it waited for events
	Took                       time.Duration
	began                      time.Time
}

// requestLines are on their way to the log.
type requestLines struct {
	waiting chan requestLine
	dropped atomic.Uint64 // since nobody wrote them in time
}

const (
	maxLines   = 1024 // that wait to be written
	maxLogPath = 256  // bytes of a path
)

func newRequestLines() *requestLines { return &requestLines{waiting: make(chan requestLine, maxLines)} }

// write logs what comes until ctx is done.
func (l *requestLines) write(ctx context.Context, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-l.waiting:
			log.Info("request", "method", p.Method, "path", p.Path, "status", p.Status, "bytes", p.Bytes,
				"ms", float64(p.Took.Microseconds())/1000, "held", p.Held, "type", p.Type, "client", p.Client)
		}
	}
}

// newRequestLog is the log of a loop for one of so many requests; nil where none is wanted.
func newRequestLog(every int, lines *requestLines) *requestLog {
	if every == 0 {
		return nil
	}
	return &requestLog{lines: lines, every: every, open: make(map[uint32]*requestLine)}
}

// samples tells whether the next request is one that is logged.
func (l *requestLog) samples() bool {
	if l == nil {
		return false
	}
	l.seen++
	if l.seen < l.every {
		return false
	}
	l.seen = 0
	return true
}

// begins notes a request whose head was read, without its query, which may hold whole messages.
func (l *requestLog) begins(c *conn, q *httpparse.Request, to front.Endpoint, client netip.AddrPort) {
	l.open[c.slot] = &requestLine{Method: q.Method.String(), Path: loggedPath(q.Path), Client: nameOf(client), Type: endpointType(to), began: time.Now()}
}

// loggedPath is the beginning of a path, without its last segment where that is a clientId, as in the GET of an event-stream:
// nobody else may know it.
func loggedPath(path []byte) string {
	last := bytes.LastIndexByte(path, '/') + 1
	if _, is := bayeux.ParseClientID(path[last:]); is {
		return string(path[:min(last, maxLogPath)]) + "*"
	}
	return string(path[:min(len(path), maxLogPath)])
}

// fails notes a request that is none.
func (l *requestLog) fails(c *conn, client netip.AddrPort) {
	l.open[c.slot] = &requestLine{Method: "-", Path: "-", Client: nameOf(client), Type: "none", began: time.Now()}
}

// endpointType is what a request is for, as connection types are called where it is one.
func endpointType(to front.Endpoint) string {
	switch to {
	case front.LongPolling:
		return bayeux.LongPolling.String()
	case front.CallbackPolling:
		return bayeux.CallbackPolling.String()
	case front.EventSource:
		return bayeux.EventSource.String()
	case front.WebSocket:
		return bayeux.WebSocket.String()
	case front.Events:
		return waitingTypes[len(waitingTypes)-1]
	case front.StaticPage:
		return "page"
	case front.Options:
		return "options"
	case front.Tunnel:
		return bayeux.Iframe.String()
	}
	return "none"
}

// answers logs the request that a connection is about to answer with that many bytes, if it is one of those.
func (l *requestLog) answers(c *conn, status, bytes int) {
	if l == nil || len(l.open) == 0 {
		return
	}
	p := l.open[c.slot]
	if p == nil {
		return
	}
	delete(l.open, c.slot)
	p.Status, p.Bytes, p.Held = status, bytes, c.phase == holding
	if c.stream != nil && c.phase == streaming && !c.stream.endless {
		p.Type = c.stream.kind.String()
	}
	p.Took = time.Since(p.began)
	select {
	case l.lines.waiting <- *p:
	default:
		l.lines.dropped.Add(1)
	}
}
