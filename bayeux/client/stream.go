// Proved by TestRepeatedRequestForAStream and TestPlainEvents.

package client

import (
	"context"
	"fmt"
	"mime"
	"net/http"
)

// getStream asks for an event-stream, from what followed the event last on.
func (t *longPolling) getStream(ctx context.Context, address, last string) (*http.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header = t.token.fields(t.header, req.URL)
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
		return refusal(resp)
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != eventStream {
		return fmt.Errorf("expected an event-stream but got %q", resp.Header.Get("Content-Type"))
	}
	return nil
}
