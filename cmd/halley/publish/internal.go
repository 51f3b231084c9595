// Proved by TestInternalErrors and TestInternalTakesOutTheRefused.

package publish

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/goccy/go-json"
	"github.com/valyala/fasthttp"

	"halley/cmd/halley/feed"
)

const (
	requestTimeout = 30 * time.Second
	// A busy server has published nothing and asks to be tried again.
	busyWait = 20 * time.Millisecond
	busyFor  = 30 * time.Second
)

// internal posts to POST /publish.
type internal struct {
	url    string
	key    string
	client *fasthttp.Client
	body   []byte
}

// Internal publishes by the internal listener at server, an http or https URL. The key
// may be empty, and secured nil.
func Internal(server, key string, secured *tls.Config) (Publisher, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--server: %q is no http or https URL", server)
	}
	return &internal{
		url: u.JoinPath("publish").String(),
		key: key,
		client: &fasthttp.Client{
			Name:                     "halley",
			NoDefaultUserAgentHeader: true,
			DialDualStack:            true, // it would know IPv4 alone
			TLSConfig:                secured,
			ReadTimeout:              requestTimeout,
			WriteTimeout:             requestTimeout,
			// A request that may have been taken is not sent again.
			MaxIdemponentCallAttempts: 1,
		},
	}, nil
}

// answer is what /publish says.
type answer struct {
	Published  int    `json:"published"`
	Duplicates int    `json:"duplicates"`
	Error      string `json:"error"`
	Index      *int   `json:"index"`
}

// Publish posts the batch. The server publishes nothing of a batch with a bad
// message, so that one is taken out and the rest posted again.
func (p *internal) Publish(ctx context.Context, batch []Message) ([]Refusal, error) {
	var refused []Refusal
	left := slices.Clone(batch)
	index := make([]int, len(batch)) // where those left were
	for i := range index {
		index[i] = i
	}
	for len(left) > 0 {
		status, a, err := p.patiently(ctx, left)
		if err != nil {
			return refused, err
		}
		if status == http.StatusOK {
			return refused, nil
		}
		if status != http.StatusBadRequest {
			if status == http.StatusUnauthorized {
				a.Error += " (--internal-key)"
			}
			return refused, fmt.Errorf("the server answered %d %s: %s", status, http.StatusText(status), a.Error)
		}
		if a.Index == nil || *a.Index < 0 || *a.Index >= len(left) {
			for _, i := range index {
				refused = append(refused, Refusal{i, a.Error})
			}
			return refused, nil
		}
		refused = append(refused, Refusal{index[*a.Index], a.Error})
		left = slices.Delete(left, *a.Index, *a.Index+1)
		index = slices.Delete(index, *a.Index, *a.Index+1)
	}
	return refused, nil
}

// patiently posts until the server is not busy.
func (p *internal) patiently(ctx context.Context, batch []Message) (int, answer, error) {
	deadline := time.Now().Add(busyFor)
	for wait := busyWait; ; wait = min(2*wait, time.Second) {
		status, a, err := p.post(batch)
		if err != nil || status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return status, a, err
		}
		select {
		case <-ctx.Done():
			return 0, a, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// post makes one request.
func (p *internal) post(batch []Message) (int, answer, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	p.body = appendBatch(p.body[:0], batch)
	req.SetRequestURI(p.url)
	req.Header.SetMethod(http.MethodPost)
	req.Header.SetContentType("application/json")
	if p.key != "" {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	req.SetBodyRaw(p.body)
	var a answer
	if err := p.client.DoTimeout(req, resp, requestTimeout); err != nil {
		return 0, a, err
	}
	if err := json.Unmarshal(resp.Body(), &a); err != nil {
		a.Error = "no JSON in the answer; is this an internal listener?"
		if resp.StatusCode() == http.StatusOK {
			return 0, a, fmt.Errorf("%s: %s", p.url, a.Error)
		}
	}
	return resp.StatusCode(), a, nil
}

// appendBatch writes an array and not lines, since data may hold line breaks.
func appendBatch(dst []byte, batch []Message) []byte {
	dst = append(dst, '[')
	for i, m := range batch {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"channel":`...)
		dst = feed.AppendString(dst, m.Channel)
		dst = append(dst, `,"data":`...)
		dst = append(dst, m.Data...)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// Close lets go of the connection.
func (p *internal) Close(context.Context) error {
	p.client.CloseIdleConnections()
	return nil
}
