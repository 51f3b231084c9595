package faulty

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func publishTo(t *testing.T, s *Server, text string) {
	t.Helper()
	r, err := http.Post(s.PublishURL(), "application/json", strings.NewReader(`[{"channel":"/a","data":`+text+`}]`))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
}

func TestPlainSockets(t *testing.T) {
	s := Start(time.Second, Faults{})
	defer s.Close()
	conn, _, _, err := ws.Dial(context.Background(), strings.Replace(s.http.URL, "http", "ws", 1)+"/socket?channel=/a")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := wsutil.WriteClientText(conn, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for s.Sessions() == 0 {
		time.Sleep(time.Millisecond)
	}
	publishTo(t, s, "1")
	if text, err := wsutil.ReadServerText(conn); err != nil || string(text) != `{"channel":"/a","data":1}` {
		t.Errorf("%s, %v", text, err)
	}
}

// What comes between two polls waits for the second.
func TestPlainPolls(t *testing.T) {
	s := Start(time.Second, Faults{})
	defer s.Close()
	poll := func(tag string) (body, next string) {
		request, err := http.NewRequest(http.MethodGet, s.http.URL+"/poll?channel=/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tag != "" {
			request.Header.Set("If-None-Match", tag)
		}
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text), r.Header.Get("ETag")
	}
	go func() {
		for s.Sessions() == 0 {
			time.Sleep(time.Millisecond)
		}
		publishTo(t, s, "1")
	}()
	body, tag := poll("")
	if body != `[{"channel":"/a","data":1}]` || tag == "" {
		t.Errorf("%s %s", body, tag)
	}
	publishTo(t, s, "2")
	if body, next := poll(tag); body != `[{"channel":"/a","data":2}]` || next != tag {
		t.Errorf("%s %s", body, next)
	}
}
