package client

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// A stream that brings nothing any more is given up for the next one; comments keep it.
func TestSilentStream(t *testing.T) {
	for _, kind := range []string{"eventsource", "events"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, streamScript())
			var streams atomic.Int32
			f.stream = func(w http.ResponseWriter, r *http.Request) {
				if streams.Add(1) == 1 {
					emit(w, "data: "+push("1")+"\n\n")
					for range 8 {
						time.Sleep(300 * time.Millisecond)
						emit(w, ":\n\n")
					}
					emit(w, "data: "+push("2")+"\n\n")
				} else {
					emit(w, "data: "+push("3")+"\n\n")
				}
				<-r.Context().Done()
			}
			silent := make(chan bool, 10)
			o := Options{Silence: 2 * time.Second, MinBackoff: time.Millisecond, OnError: func(err error) {
				if errors.Is(err, ErrSilent) {
					silent <- true
				}
			}}
			if kind == "eventsource" {
				o.ConnectionTypes = []string{kind}
				_, k, stop := runs(t, f, o)
				for _, data := range []string{"1", "2", "3"} {
					k.wait(t, data)
				}
				stop()
			} else {
				ctx, cancel := context.WithCancel(testContext(t))
				got := ""
				Events(ctx, f.URL+"/events", o, func(m Message) {
					if got += string(m.Data); len(got) == 3 {
						cancel()
					}
				})
				if got != "123" {
					t.Errorf("messages %s", got)
				}
			}
			if len(silent) == 0 {
				t.Error("nothing is told of the silence")
			}
		})
	}
}
