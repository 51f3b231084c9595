// Proved by TestHandshakesAreTraced and TestSpansAreBounded.

package loop

import (
	"bytes"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"halley/bayeux"
	"halley/httpparse"
)

// Span is how long something took, for those who trace it.
type Span struct {
	Name   string
	Type   string // the connection type that carried it
	Client string // its address
	Parent string // the traceparent of its request, as W3C Trace Context has it; empty without one
	Began  time.Time
	Took   time.Duration

	Messages int // of a publish
	Status   int // of HTTP, where it has one
	Failed   bool
	Outward  bool // it was asked of somebody else
}

// Spans takes spans over. Who offers one never waits: what finds no room is dropped, and counted.
type Spans struct {
	taken   chan Span
	dropped atomic.Uint64
}

// maxSpans is how many spans wait for those who take them.
const maxSpans = 1024

// NewSpans is an empty Spans.
func NewSpans() *Spans { return &Spans{taken: make(chan Span, maxSpans)} }

// Taken is where spans come out.
func (s *Spans) Taken() <-chan Span { return s.taken }

// Offer hands a span over.
func (s *Spans) Offer(p Span) {
	select {
	case s.taken <- p:
	default:
		s.dropped.Add(1)
	}
}

// Dropped is how many found no room; of nil none.
func (s *Spans) Dropped() uint64 {
	if s == nil {
		return 0
	}
	return s.dropped.Load()
}

// tracing has the handshakes of a loop's connections that wait for their reply; nil where nobody traces.
type tracing struct {
	to   *Spans
	open map[uint32]Span // by the slot of their connection
}

func newTracing(to *Spans) *tracing {
	if to == nil {
		return nil
	}
	return &tracing{to: to, open: make(map[uint32]Span)}
}

// handshake notes that a client shakes hands by a request, nil for a frame.
func (t *tracing) handshake(c *conn, q *httpparse.Request, kind bayeux.ConnectionType, client netip.AddrPort) {
	p := Span{Name: "handshake", Type: kind.String(), Client: nameOf(client), Began: time.Now()}
	if q != nil {
		p.Parent = parentOf(q)
	}
	t.open[c.slot] = p
}

// maxParent is longer than a traceparent of any version has been.
const maxParent = 128

// parentOf is the traceparent of a request.
func parentOf(q *httpparse.Request) (parent string) {
	q.Fields(func(name, value []byte) bool {
		if strings.EqualFold(string(name), "traceparent") && len(value) <= maxParent {
			parent = string(value)
		}
		return parent == ""
	})
	return parent
}

// answers ends the handshake that a connection is about to answer, if it has one.
func (t *tracing) answers(c *conn, messages []byte) {
	if t == nil || len(t.open) == 0 {
		return
	}
	p, open := t.open[c.slot]
	if !open {
		return
	}
	delete(t.open, c.slot)
	p.Took, p.Failed = time.Since(p.Began), !bytes.Contains(messages, []byte(`"successful":true`))
	t.to.Offer(p)
}
