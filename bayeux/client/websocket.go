package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

// closePatience is how long a server may take to answer a close frame.
const closePatience = time.Second

const webSocketType = "websocket"

// webSocket is the connection type websocket: text frames that hold arrays of
// messages, both ways (RFC 6455). Pings are answered while Listen reads.
type webSocket struct {
	url    string
	http   *http.Client
	header http.Header
	token  *credential
	limit  int64

	conn  *websocket.Conn
	ended chan struct{} // closed when Listen has returned
	err   error         // why; read after ended
}

// ConnectionType is websocket.
func (*webSocket) ConnectionType() string { return webSocketType }

// Duplex is true: everything goes over the one socket.
func (*webSocket) Duplex() bool { return true }

// Open makes the upgrade (RFC 6455, 4.1).
func (w *webSocket) Open(ctx context.Context, _ string) error {
	address, err := url.Parse(w.url)
	if err != nil {
		return err
	}
	conn, resp, err := websocket.Dial(ctx, w.url, &websocket.DialOptions{HTTPClient: w.http, HTTPHeader: w.token.fields(w.header, address)})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			return refusal(resp) // the body is in memory
		}
		return err
	}
	conn.SetReadLimit(w.limit)
	w.conn, w.ended = conn, make(chan struct{})
	return nil
}

// Send writes the batch as one frame and waits while Listen reads the replies.
func (w *webSocket) Send(ctx context.Context, batch Batch, _ func([]byte) error) error {
	if err := ctx.Err(); err != nil {
		return err // before anything is written, since half a frame would end the socket
	}
	if err := w.conn.Write(ctx, websocket.MessageText, batch.Body); err != nil {
		return w.cause(err)
	}
	select {
	case <-batch.Answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		if w.err == nil {
			return ErrConnectionEnded
		}
		return w.err
	}
}

// cause prefers the server's close code to the failure of a write after it.
func (w *webSocket) cause(err error) error {
	select {
	case <-w.ended:
		if w.err != nil {
			return w.err
		}
	default:
	}
	return closeFrame(err)
}

// Listen reads frames until the socket closes.
func (w *webSocket) Listen(receive func([]byte) error) error {
	defer close(w.ended)
	w.err = w.read(receive)
	w.conn.CloseNow()
	return w.err
}

func (w *webSocket) read(receive func([]byte) error) error {
	for {
		kind, body, err := w.conn.Read(context.Background())
		if err != nil {
			return closeFrame(err)
		}
		if kind != websocket.MessageText {
			w.conn.Close(websocket.StatusUnsupportedData, "messages are text")
			return errors.New("a binary frame came")
		}
		if err := receive(body); err != nil {
			w.conn.Close(websocket.StatusInvalidFramePayloadData, "no Bayeux messages")
			return err
		}
	}
}

// closeFrame turns the library's error for a close frame into ours.
func closeFrame(err error) error {
	var frame websocket.CloseError
	if errors.As(err, &frame) {
		return &CloseError{Code: int(frame.Code), Reason: frame.Reason}
	}
	return err
}

// Close says goodbye and, to a server that does not answer, not for long.
func (w *webSocket) Close() {
	if w.conn == nil {
		return
	}
	timer := time.AfterFunc(closePatience, func() { w.conn.CloseNow() })
	defer timer.Stop()
	w.conn.Close(websocket.StatusNormalClosure, "")
}

// CloseError is a websocket's close frame (RFC 6455, 7.4).
type CloseError struct {
	Code   int // for example 1001, going away, or 1009, message too big
	Reason string
}

// Error gives code and reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("websocket closed: %d %s", e.Code, e.Reason)
}
