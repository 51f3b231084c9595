// Proved by TestOneRetryOnIdleConnections, TestFailures and TestTLS.

package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

// poster posts bodies to the program. It is net/http's transport: the time-out of a context covers all of a request,
// from the name's look-up to the last byte, and it tells whether a connection had been idle. Redirects are not followed.
type poster struct {
	url       *url.URL
	secret    *secret
	transport *http.Transport
}

func newPoster(s *Settings, sign *secret) (*poster, error) {
	u, err := checkURL(s.URL)
	if err != nil {
		return nil, err
	}
	roots, err := readRoots(s.CA)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: s.Timeout, KeepAlive: 15 * time.Second}
	return &poster{url: u, secret: sign, transport: &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    s.Timeout,
		MaxConnsPerHost:        s.Connections + eventConnections,
		MaxIdleConnsPerHost:    s.Connections + eventConnections,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true, // a short answer that grows to gigabytes
	}}, nil
}

// eventConnections are kept for what is posted beside the questions.
const eventConnections = 1

// readRoots reads --hook-ca; nil are the system's.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--hook-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--hook-ca %s: no certificate (PEM) is in it", path)
	}
	return pool, nil
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
}

// post sends a body and reads the answer, maxAnswer bytes at most. A connection that was idle may have been closed by the
// other side just then: that is tried once more.
func (p *poster) post(ctx context.Context, body []byte) (*response, error) {
	r, idle, err := p.try(ctx, body)
	if err != nil && idle && ctx.Err() == nil {
		p.transport.CloseIdleConnections() // the others may be as dead
		r, _, err = p.try(ctx, body)
	}
	return r, err
}

// try posts once. idle tells that it failed on a connection that had been idle, before anything came back.
func (p *poster) try(ctx context.Context, body []byte) (r *response, idle bool, err error) {
	var unused atomic.Bool // it had been idle, and nothing has come back; told by goroutines of the transport
	trace := &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { unused.Store(c.Reused) },
		GotFirstResponseByte: func() { unused.Store(false) },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, p.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	req.GetBody = nil // the transport would repeat it by itself
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "halley")
	if signature := p.secret.sign(body, time.Now()); signature != "" {
		req.Header.Set(signatureHeader, signature)
	}
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return nil, unused.Load(), err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, false, err
	case len(text) > maxAnswer:
		return nil, false, errTooLong
	}
	return &response{resp.StatusCode, resp.Header, text}, false, nil
}

var errTooLong = errors.New("its answer is too long")

func (p *poster) close() { p.transport.CloseIdleConnections() }
