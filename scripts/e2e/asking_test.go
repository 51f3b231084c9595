//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// eventually waits until something is so.
func eventually(t *testing.T, ctx context.Context, what string, so func() bool) {
	t.Helper()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// get reads a page of the internal listener.
func (s *mortal) get(ctx context.Context, path string) (string, error) {
	return s.ask(ctx, http.MethodGet, path, "")
}

// ask makes a request of the internal listener. An answer other than 200 is an error.
func (s *mortal) ask(ctx context.Context, method, path, body string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.internal+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if s.key != "" {
		request.Header.Set("Authorization", "Bearer "+s.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}

// figure is a value of the metrics page.
func (s *mortal) figure(t *testing.T, ctx context.Context, name string) (value float64) {
	t.Helper()
	text, err := s.get(ctx, "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if rest, is := strings.CutPrefix(line, name+" "); is {
			if value, err = strconv.ParseFloat(rest, 64); err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("no figure %s", name)
	return 0
}

// awaitMore waits until a figure is more than it was.
func (s *mortal) awaitMore(t *testing.T, ctx context.Context, name string, before float64) {
	t.Helper()
	eventually(t, ctx, name+" to grow", func() bool { return s.figure(t, ctx, name) > before })
}

// signal sends the server a signal.
func (s *mortal) signal(t *testing.T, which os.Signal) {
	t.Helper()
	if err := s.command.Process.Signal(which); err != nil {
		t.Fatal(err)
	}
}
