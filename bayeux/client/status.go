package client

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// StatusError is an HTTP status other than 200, or 101 for a websocket, with the first
// line of the response's text, if it has one.
type StatusError struct {
	Status int
	Text   string
}

// Passing tells whether the same request may be answered later: the server is in trouble, or has had too much
// of late (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4).
func (e *StatusError) Passing() bool {
	return e.Status >= 500 || e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests
}

// longestText is how much of a refusal's text an error tells, in bytes.
const longestText = 300

// refusal is the error of a response with the wrong status.
func refusal(resp *http.Response) *StatusError {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, longestText)) // what came before an error is as good as any
	return refusalOf(resp, text)
}

// refusalOf is the error of a response with the wrong status, whose body has been read.
func refusalOf(resp *http.Response, body []byte) *StatusError {
	e := &StatusError{Status: resp.StatusCode}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/plain" {
		return e // a page of a proxy's says less than its status
	}
	line, _, _ := strings.Cut(string(body[:min(len(body), longestText)]), "\n")
	line = strings.TrimPrefix(strings.TrimSpace(line), http.StatusText(e.Status)) // which the status says already
	e.Text = strings.TrimSpace(strings.TrimPrefix(line, ":"))
	return e
}

// Error names the status and quotes the text.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("HTTP status %d", e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text += " " + name
	}
	if e.Text != "" {
		text += fmt.Sprintf(": %q", e.Text)
	}
	return text
}
