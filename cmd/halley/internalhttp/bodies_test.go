package internalhttp

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"halley/loop"
)

// Bodies that come slowly take only so much together; one more is told to come again,
// and can when one of them is done.
func TestBodiesThatComeAtOnceAreBounded(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxPublish = 64 << 10 })
	body := `{"channel":"/a","data":"` + strings.Repeat("x", 60000) + `"}`
	head := fmt.Sprintf("POST /publish HTTP/1.1\r\nHost: halley\r\nContent-Length: %d\r\n\r\n", len(body))
	begin := func() (finish func() int) {
		conn, err := r.socket.Dial()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write([]byte(head + body[:50000])); err != nil {
			t.Fatal(err)
		}
		return func() int {
			conn.Write([]byte(body[50000:]))
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			return response.StatusCode
		}
	}
	var finish []func() int
	for range bodiesComing {
		finish = append(finish, begin())
	}
	for end := time.Now().Add(time.Minute); r.listener.bodies.left() > bodiesComing*(64<<10-60000); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes may come besides", r.listener.bodies.left())
		}
	}
	if status, _, header := r.do("POST", "/publish", body); status != 503 || header.Get("Retry-After") == "" {
		t.Fatalf("a further body is answered %d", status)
	}
	for _, f := range finish {
		if status := f(); status != 200 {
			t.Errorf("a body that came slowly is answered %d", status)
		}
	}
	r.expect("POST", "/publish", body, 200, `{"published":1}`)
}

// left is how many bytes may come yet.
func (b *bodies) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.free
}

// What is worked on at once is together not longer than the longest body.
func TestBodiesWaitForTheirTurn(t *testing.T) {
	b := newBodies(100, 20*time.Millisecond, new(fake).Short)
	if err := b.begin(60); err != nil {
		t.Fatal(err)
	}
	if err := b.begin(60); err != errBodies {
		t.Errorf("a second one of 60 of 100: %v", err)
	}
	if err := b.begin(40); err != nil {
		t.Errorf("one of 40 beside it: %v", err)
	}
	b.take(60)
	b.done(60, 60)
	if err := b.begin(60); err != nil {
		t.Errorf("after the first: %v", err)
	}
}

// A body is given up when memory gets short while it comes, or while it waits for its turn.
func TestBodiesGiveUpWhenMemoryGetsShort(t *testing.T) {
	const length = 100_000
	for _, left := range []int{0, 50_000, 2*length + 1} {
		noted := 0
		b := newBodies(length, time.Second, func(bytes int) error {
			if noted += bytes; noted > left {
				return loop.ErrMemory
			}
			return nil
		})
		body, err := b.collect(strings.NewReader(strings.Repeat("x", length)), length)
		if left > 2*length {
			if err != nil || len(body) != length {
				t.Errorf("%d bytes left: %d have come, %v", left, len(body), err)
			}
			err = b.begin(length)
		}
		if !errors.Is(err, loop.ErrMemory) || !b.work.TryAcquire(length) {
			t.Errorf("%d bytes left: %v", left, err)
		}
	}
}

// A body of short messages is worth more than its length, but none more than the longest.
func TestBodiesOfShortMessages(t *testing.T) {
	b := newBodies(10_000, time.Second, new(fake).Short)
	const one = `{"channel":"/a","data":1},`
	for body, want := range map[string]int{
		strings.Repeat("x", 500):  500,
		strings.Repeat(one, 10):   10 * (len(one) + messageWork),
		strings.Repeat(one, 100):  10_000,
		strings.Repeat("x", 9999): 9999,
	} {
		if got := b.worth([]byte(body)); got != want {
			t.Errorf("%.30s… of %d bytes is worth %d, want %d", body, len(body), got, want)
		}
	}
}

// Bodies in chunks are read to their end, and not beyond the limit.
func TestChunkedBodies(t *testing.T) {
	r := newRig(t, nil)
	for body, status := range map[string]int{
		`{"channel":"/a","data":1}`:                                   200,
		`{"channel":"/a","data":"` + strings.Repeat("x", 5000) + `"}`: 413,
	} {
		conn, err := r.socket.Dial()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /publish HTTP/1.1\r\nHost: halley\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != status {
			t.Errorf("a body of %d bytes in a chunk: %d", len(body), response.StatusCode)
		}
		conn.Close()
	}
}

// A body has no more messages than a mailbox holds, whatever form it has; lines that
// are empty count nothing and take nothing.
func TestTooManyMessages(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxMessages = 3 })
	const one = `{"channel":"/a","data":1}`
	many := `{"error":"` + errTooMany.Error() + `"}`
	r.expect("POST", "/publish", "["+one+","+one+","+one+","+one+"]", 413, many)
	r.expect("POST", "/publish", strings.Repeat(one+"\n", 4), 413, many)
	r.expect("POST", "/publish", strings.Repeat(one+"\n\n\n", 3), 200, `{"published":3}`)
}
