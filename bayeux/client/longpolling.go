// Proved by TestResponseIsBounded, TestStatusIsAnError and TestRepeatedRequestForAStream.

package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"
)

const longPollingType = "long-polling"

// longPolling is the connection type long-polling: one POST for each batch
// (Bayeux 1.0, 6.1).
type longPolling struct {
	url    string
	http   *http.Client
	header http.Header
	token  *credential
	limit  int64
	own    bool

	silence time.Duration // of a stream
}

func newLongPolling(url string, o Options) (*longPolling, error) {
	t := &longPolling{url: url, http: o.HTTP, header: o.Header, token: o.credential, limit: o.MaxResponse, silence: o.Silence}
	if t.http != nil {
		return t, nil
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	// A transport of its own keeps one connection for the held connect and one
	// for everything else, and Close touches no one else's.
	t.http = &http.Client{Jar: jar, Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 2,
		TLSClientConfig:     o.TLS.Clone(), // net/http changes it
	}}
	t.own = true
	return t, nil
}

// ConnectionType is long-polling.
func (t *longPolling) ConnectionType() string { return longPollingType }

// Send posts the batch and reads the one response.
func (t *longPolling) Send(ctx context.Context, batch Batch, receive func([]byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(batch.Body))
	if err != nil {
		return err
	}
	req.Header = t.token.fields(t.header, req.URL)
	req.Header.Set("Content-Type", "application/json")
	resp, err := t.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.limit+1))
	if err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return refusalOf(resp, body)
	}
	if int64(len(body)) > t.limit {
		return fmt.Errorf("response exceeds %d bytes", t.limit)
	}
	return receive(body)
}

// Close lets go of idle connections, if they are this transport's own.
func (t *longPolling) Close() {
	if t.own {
		t.http.CloseIdleConnections()
	}
}
