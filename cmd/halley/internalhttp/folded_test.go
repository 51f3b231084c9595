package internalhttp

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A header field that goes on in the next line is refused, whatever it is, and ends the connection.
func TestFoldedLines(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for field, want := range map[string]int{
		"X-A: b c": 200, "X-A:\t b": 200, "X-A: b\r\n c": 400, "X-A: b\r\n\tc": 400, "X-A: b\r\n ": 400, "X-A: b\n c": 400, "X-A:\r\n b": 400,
		"Authorization:\r\n Bearer k": 400, "Content-Length:\r\n 0": 400,
	} {
		c, err := r.socket.Dial()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET /health/live HTTP/1.1\r\nHost: halley\r\n%s\r\n\r\n", field)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%q: %v", field, err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		if answer.StatusCode != want || answer.Close != (want == 400) {
			t.Errorf("%q: %d, want %d; the connection ends: %v", field, answer.StatusCode, want, answer.Close)
		}
		c.Close()
	}
}
