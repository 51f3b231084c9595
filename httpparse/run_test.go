package httpparse

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// row is one case of a table: what is sent, and what the parser must make of it, as describe and feed
// put it. Rows whose want begins with a status are refusals.
type row struct {
	name, in, want string
}

// runRows sends every row in three ways: whole, in two parts cut at every place, and byte by byte. The
// outcome must be the same.
func runRows(t *testing.T, l Limits, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := feed(&l, r.in); got != r.want {
				t.Fatalf("whole\n got %s\nwant %s\n in %q", got, r.want, r.in)
			}
			for cut := 1; cut < len(r.in); cut++ {
				if got := feed(&l, r.in[:cut], r.in[cut:]); got != r.want {
					t.Fatalf("cut at %d\n got %s\nwant %s\n in %q", cut, got, r.want, r.in)
				}
			}
			if got := feed(&l, strings.Split(r.in, "")...); got != r.want {
				t.Fatalf("byte by byte\n got %s\nwant %s\n in %q", got, r.want, r.in)
			}
		})
	}
}

// feed parses the parts as a server would that reads them one after the other: requests follow each
// other, bodies of a declared length are stepped over, the first error ends it. It returns the outcomes
// joined by " | "; "partial" stands for a request that is not complete.
func feed(l *Limits, parts ...string) string {
	var (
		outcomes []string
		buf      []byte
		r        Request
		prev     int
		body     int64
	)
	for _, part := range parts {
		buf = append(buf, part...)
		for {
			step := min(body, int64(len(buf)))
			buf, body = buf[step:], body-step
			if len(buf) == 0 {
				break
			}
			n, err := l.Parse(&r, buf, prev)
			if err != nil {
				return strings.Join(append(outcomes, describeError(err)), " | ")
			}
			prev = 0
			if n == 0 {
				prev = len(buf)
				break
			}
			outcomes = append(outcomes, describe(&r))
			buf, body = buf[n:], max(r.ContentLength, 0)
		}
	}
	if len(buf) > 0 || body > 0 {
		outcomes = append(outcomes, "partial")
	}
	return strings.Join(outcomes, " | ")
}

var methodNames = [...]string{"OTHER", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"}

// describe puts a request into one line: method, path, query, minor version, then what it has.
func describe(r *Request) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s", methodNames[r.Method], r.Path)
	if r.Query != nil {
		fmt.Fprintf(&s, "?%s", r.Query)
	}
	fmt.Fprintf(&s, " 1.%d", r.Minor)
	if r.ContentLength >= 0 {
		fmt.Fprintf(&s, " length=%d", r.ContentLength)
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{r.Chunked, " chunked"}, {r.ExpectContinue, " continue"},
		{r.KeepAlive, " keep"}, {r.ConnectionUpgrade, " upgrade"},
	} {
		if flag.set {
			s.WriteString(flag.name)
		}
	}
	for _, span := range []struct {
		name  string
		value []byte
	}{
		{"host", r.Host}, {"accept", r.Accept}, {"ac-headers", r.AccessControlRequestHeaders},
		{"ac-method", r.AccessControlRequestMethod}, {"authorization", r.Authorization}, {"type", r.ContentType},
		{"cookie", r.Cookie}, {"last-event", r.LastEventID}, {"origin", r.Origin},
		{"ws-extensions", r.SecWebSocketExtensions}, {"ws-key", r.SecWebSocketKey},
		{"ws-protocol", r.SecWebSocketProtocol}, {"ws-version", r.SecWebSocketVersion}, {"upgrade", r.Upgrade},
		{"referer", r.Referer}, {"site", r.SecFetchSite}, {"agent", r.UserAgent}, {"forwarded", r.XForwardedFor},
	} {
		if span.value != nil {
			fmt.Fprintf(&s, " %s=%s", span.name, span.value)
		}
	}
	return s.String()
}

func describeError(err error) string {
	var e Error
	if !errors.As(err, &e) {
		return "not an Error: " + err.Error()
	}
	return fmt.Sprintf("%d %s @%d", e.Kind.Status(), e.Kind, e.Offset)
}

// get is a minimal request with further field lines.
func get(lines ...string) string {
	return request("GET / HTTP/1.1", append([]string{"Host: a"}, lines...)...)
}

// request puts a head together from its lines.
func request(lines string, more ...string) string {
	return strings.Join(append([]string{lines}, more...), "\r\n") + "\r\n\r\n"
}
