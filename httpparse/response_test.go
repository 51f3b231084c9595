package httpparse

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

const testDate = "Mon, 07 Oct 2013 13:30:00 GMT"

func TestAppendHead(t *testing.T) {
	b := AppendHead([]byte("before|"), 200, []byte(testDate))
	b = AppendField(b, "Content-Type", "application/json")
	b = AppendField(b, "Vary", []byte("Origin"))
	b = AppendContentLength(b, 2)
	b = AppendEnd(b)
	const want = "before|HTTP/1.1 200 OK\r\nDate: " + testDate +
		"\r\nContent-Type: application/json\r\nVary: Origin\r\nContent-Length: 2\r\n\r\n"
	if string(b) != want {
		t.Errorf("got %q", b)
	}
	if got := string(AppendEnd(AppendHead(nil, 101, nil))); got != "HTTP/1.1 101 Switching Protocols\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

// Every status that an error has, and every phrase, is known to net/http and read back by it.
func TestResponsesAreRead(t *testing.T) {
	for status := 200; status < 600; status++ {
		if Reason(status) == "" {
			continue
		}
		head := AppendEnd(AppendContentLength(AppendHead(nil, status, []byte(testDate)), 0))
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(head))), nil)
		if err != nil || res.StatusCode != status || res.Header.Get("Date") != testDate || http.StatusText(status) == "" {
			t.Errorf("%d: %v", status, err)
		}
	}
	if !strings.HasPrefix(Continue, "HTTP/1.1 100 "+Reason(100)+"\r\n") {
		t.Error(Continue)
	}
	for _, status := range []int{-1, 0, 99, 299, 506, 1000} {
		if Reason(status) != "" {
			t.Errorf("%d has a reason", status)
		}
	}
}

func TestChunksAreRead(t *testing.T) {
	b := AppendField(AppendHead(nil, 200, nil), "Transfer-Encoding", "chunked")
	b = AppendChunk(AppendEnd(b), []byte("some "))
	b = AppendChunk(AppendChunk(b, nil), []byte("data of more than 15 bytes"))
	b = append(b, LastChunk...)
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(b))), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if string(body) != "some data of more than 15 bytes" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

// Each kind of fault has words of its own and a status that can be sent.
func TestKinds(t *testing.T) {
	seen := map[string]Kind{}
	for k := Kind(1); k < KindCount; k++ {
		text := k.String()
		if other, dup := seen[text]; dup || text == "" {
			t.Errorf("kinds %d and %d are both %q", k, other, text)
		}
		seen[text] = k
		if s := k.Status(); s < 400 || Reason(s) == "" {
			t.Errorf("%s has status %d", text, s)
		}
	}
	if got := (Error{KindBareLF, 7}).Error(); got != "httpparse: bare LF at byte 7" {
		t.Error(got)
	}
}
