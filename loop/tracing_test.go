package loop

import (
	"testing"
	"time"

	"halley/bayeux"
)

// spanOf waits for the next span.
func spanOf(t *testing.T, spans *Spans) Span {
	t.Helper()
	select {
	case p := <-spans.Taken():
		return p
	case <-time.After(deadline):
		t.Fatal("no span comes")
		return Span{}
	}
}

// A handshake is traced from its request to its reply, however long somebody thinks about it and by whatever connection, and goes on
// the trace that its request belongs to. Nothing else is.
func TestHandshakesAreTraced(t *testing.T) {
	t.Parallel()
	spans := NewSpans()
	authority := new(touchy)
	s := start(t, func(c *Config) { c.Spans, c.Loops, c.Authority = spans, 2, authority })
	const shake = `{"channel":"/meta/handshake","ext":{"token":"wait"}}`
	w := dial(t, s)
	w.send(postWith("/bayeux", shake, "Traceparent: 00-1-2-01"))
	authority.next(t)(bayeux.Allow)
	id := w.messages()[0]["clientId"].(string)
	p := spanOf(t, spans)
	equal(t, []any{p.Name, p.Type, p.Parent, p.Failed, p.Client}, []any{"handshake", "long-polling", "00-1-2-01", false, w.LocalAddr().String()})
	w.bayeux(connect(id))

	socket := socketOf(t, s)
	socket.frame(1, shake)
	authority.next(t)(bayeux.Deny)
	socket.text()
	p = spanOf(t, spans)
	equal(t, []any{p.Type, p.Failed, p.Parent}, []any{"websocket", true, ""})

	gone := dial(t, s)
	gone.send(post(shake))
	verdict := authority.next(t)
	gone.Close()
	equal(t, spanOf(t, spans).Failed, true)
	verdict(bayeux.Allow)
	equal(t, len(spans.Taken()), 0)
}

// Spans that nobody takes are dropped and counted, and hold up nobody.
func TestSpansAreBounded(t *testing.T) {
	t.Parallel()
	spans := NewSpans()
	s := start(t, func(c *Config) { c.Spans = spans })
	for range maxSpans {
		spans.Offer(Span{})
	}
	dial(t, s).handshake()
	eventually(t, func() bool { return s.Stats().SpansDropped == 1 })
	var none *Spans
	equal(t, none.Dropped(), 0)
}
