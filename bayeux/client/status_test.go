package client

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A refusal says what the server says in plain text, its first line, without what the status says already.
func TestStatusErrors(t *testing.T) {
	const plain = "text/plain;charset=utf-8"
	for _, c := range []struct {
		status           int
		kind, body, want string
	}{
		{502, "", "", "HTTP status 502 Bad Gateway"},
		{599, plain, "", "HTTP status 599"},
		{502, "text/html", "<html>", "HTTP status 502 Bad Gateway"},
		{403, plain, "Forbidden: 403::no_secret\n", `HTTP status 403 Forbidden: "403::no_secret"`},
		{404, plain, "Not Found", "HTTP status 404 Not Found"},
		{400, plain, "first\nsecond", `HTTP status 400 Bad Request: "first"`},
		{400, plain, "\x1b[2J", `HTTP status 400 Bad Request: "\x1b[2J"`},
		{400, plain, strings.Repeat("x", 1<<20), `HTTP status 400 Bad Request: "` + strings.Repeat("x", longestText) + `"`},
	} {
		header := http.Header{"Content-Type": {c.kind}}
		response := &http.Response{StatusCode: c.status, Header: header, Body: io.NopCloser(strings.NewReader(c.body))}
		if got := refusal(response).Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if got := refusalOf(response, []byte(c.body)).Error(); got != c.want {
			t.Errorf("of what has been read: %q, want %q", got, c.want)
		}
	}
}

// What a server cannot do now it may do later, what it will not do it will not.
func TestPassingStatus(t *testing.T) {
	for status, want := range map[int]bool{400: false, 403: false, 404: false, 408: true, 429: true, 500: true, 503: true} {
		if got := (&StatusError{Status: status}).Passing(); got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
}
