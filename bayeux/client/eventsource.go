package client

import (
	"context"
	"errors"
	"fmt"
	"mime"
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
	cancel context.CancelFunc
}

// ConnectionType is eventsource.
func (*eventSource) ConnectionType() string { return eventSourceType }

// Duplex is false: replies do not come on the stream.
func (*eventSource) Duplex() bool { return false }

// Open asks for the stream of a session.
func (t *eventSource) Open(ctx context.Context, clientID string) error {
	u, err := url.Parse(t.url)
	if err != nil {
		return err
	}
	var attempts atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { attempts.Add(1) }})
	t.stream, t.cancel, err = t.openStream(ctx, u.JoinPath(url.PathEscape(clientID)).String())
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

// openStream asks for an event-stream. ctx is for the asking only; cancel ends
// the stream.
func (t *longPolling) openStream(ctx context.Context, address string) (_ *http.Response, cancel context.CancelFunc, err error) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, cancel)
	resp, err := t.getStream(lasting, address, "")
	if !release() && err == nil {
		resp.Body.Close()
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return resp, cancel, nil
}

func (t *longPolling) getStream(ctx context.Context, address, last string) (*http.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	for name, values := range t.header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", eventStream)
	req.Header.Set("Cache-Control", "no-cache")
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := t.http.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = listenTo(resp.Body, t.silence, cancel)
	if err := checkStream(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

const eventStream = "text/event-stream"

func checkStream(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return &StatusError{Status: resp.StatusCode}
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != eventStream {
		return fmt.Errorf("expected an event-stream but got %q", resp.Header.Get("Content-Type"))
	}
	return nil
}

// Listen reads events until the stream ends. Servers end one now and then, to
// have the next.
func (t *eventSource) Listen(receive func([]byte) error) error {
	defer t.Close()
	return readEvents(t.stream.Body, t.limit, func(e event) error { return receive(e.data) })
}

// Close ends the stream. Connections for sending stay, since the client has
// them in common with its other transports.
func (t *eventSource) Close() {
	if t.stream != nil {
		t.cancel()
		t.stream.Body.Close()
	}
}
