package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// net/http asks again for a stream whose connection ended under the request. What
// came with the first answer is lost then, which only replay can make good.
func TestRepeatedRequestForAStream(t *testing.T) {
	for _, once := range []bool{false, true} {
		var gets atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				io.WriteString(w, "[]")
				return
			}
			if gets.Add(1) == 1 {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("Content-Type", eventStream)
			io.WriteString(w, ":\n\n")
		}))
		p, err := newLongPolling(s.URL, Options{MaxResponse: 1000})
		if err != nil {
			t.Fatal(err)
		}
		e := &eventSource{longPolling: p, once: once}
		ctx, ignore := testContext(t), func([]byte) error { return nil }
		if err := e.Send(ctx, Batch{Body: []byte("[]")}, ignore); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // the connection goes back to the idle ones
		err = e.Open(ctx, "c1")
		if got := errors.Is(err, errRepeated); gets.Load() != 2 || got != once || err != nil && !once {
			t.Errorf("once %v: %v after %d requests", once, err, gets.Load())
		}
		e.Close()
		p.Close()
		s.Close()
	}
}
