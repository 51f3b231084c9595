package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

const eventSourceType = "eventsource"

// eventSource is the connection type eventsource, as Faye has it: everything is
// sent by POST, and events come on the event-stream at URL/clientId. Its
// connects only say that the client lives; the server answers them at once.
type eventSource struct {
	*longPolling
	once   bool // a request for the stream that was repeated is none
	stream *http.Response
	body   *bufio.Reader // of the stream
	cancel context.CancelFunc
}

// ConnectionType is eventsource.
func (*eventSource) ConnectionType() string { return eventSourceType }

// Duplex is false: replies do not come on the stream.
func (*eventSource) Duplex() bool { return false }

// Open asks for the stream of a session and waits until it is seen: servers begin it
// with a comment or the like. A proxy may pass on its head and hold back the rest.
func (t *eventSource) Open(ctx context.Context, clientID string) error {
	u, err := url.Parse(t.url)
	if err != nil {
		return err
	}
	var attempts atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { attempts.Add(1) }})
	err = t.openStream(ctx, u.JoinPath(url.PathEscape(clientID)).String())
	if errors.Is(err, context.DeadlineExceeded) {
		return errHeldBack
	}
	if err == nil && t.once && attempts.Load() > 1 {
		t.Close()
		return errRepeated
	}
	return err
}

// errRepeated means that net/http has sent the request for a stream again, as it
// does when an idle connection ends under a GET: the first stream may have begun,
// and what came with it is lost.
var errRepeated = errors.New("the request for the stream was repeated")

// errHeldBack means that nothing of a stream has come, though requests are answered.
var errHeldBack = errors.New("the event-stream is held back")

// openStream asks for an event-stream and reads its first byte. ctx is for that only.
func (t *eventSource) openStream(ctx context.Context, address string) error {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, cancel)
	resp, err := t.getStream(lasting, address, "")
	if err == nil {
		t.stream, t.body, t.cancel = resp, bufio.NewReader(resp.Body), cancel
		_, err = t.body.Peek(1)
	}
	if !release() {
		err = ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		err = ErrConnectionEnded
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which has the clientId in it
	}
	if err != nil {
		cancel()
		t.Close()
	}
	return err
}

// Listen reads events until the stream ends. Servers end one now and then, to
// have the next.
func (t *eventSource) Listen(receive func([]byte) error) error {
	defer t.Close()
	return readEvents(t.body, t.limit, func(e event) error { return receive(e.data) })
}

// Close ends the stream. Connections for sending stay, since the client has
// them in common with its other transports.
func (t *eventSource) Close() {
	if t.stream != nil {
		t.cancel()
		t.stream.Body.Close()
	}
}
