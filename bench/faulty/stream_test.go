package faulty

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// open asks for a stream and returns its response.
func open(t *testing.T, method, url, body string, accept string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// Every streaming connection type in its own form, up to the end that a server gives it.
func TestStreamForms(t *testing.T) {
	const message = `{"channel":"/a","data":1}`
	connected := func(kind string) string {
		return `[{"channel":"/meta/connect","clientId":"client1","id":"3","connectionType":"` + kind + `"}]`
	}
	const reply = `[{"channel":"/meta/connect","id":"3","successful":true}]`
	for _, c := range []struct {
		kind, method, path, body string
		contentType, want        string
	}{
		{"xhr-streaming", "POST", "/bayeux", connected("xhr-streaming"), "application/json", "\n  \n" + reply + "\r\n[" + message + "]\r\n"},
		{"iframe", "POST", "/bayeux", connected("iframe"), "text/html", "<script>function f(x){parent.c.deliver(x)}</script>\n<script type='x'>parent.c.deliver(" + reply +
			");</script>\n<script type='x'>parent.c.deliver([" + message + "]);</script>\n<!-- end -->"},
		{"mime-message-block", "POST", "/bayeux", connected("mime-message-block"), `multipart/x-mixed-replace; boundary="faulty"`, "--faulty\r\nContent-Type: text/plain\r\n\r\n" + reply +
			"\r\n--faulty\r\nContent-Type: text/plain\r\n\r\n[" + message + "]\r\n--faulty\r\nContent-Type: text/plain\r\n\r\n[]\r\n--faulty--\r\n"},
		{"eventsource", "GET", "/bayeux/client1", "", "text/event-stream", ":hello\n\nretry: 7\n\ndata: [" + message + "]\n\n"},
		{"events", "GET", "/events?channel=/a", "", "text/event-stream", "retry: 7\n\nid: x\ndata: " + message + "\n\n"},
	} {
		s := subscribed(t, Faults{RollEvery: 1})
		accept := ""
		if c.kind == "eventsource" {
			accept = "text/event-stream"
		}
		response := open(t, c.method, strings.TrimSuffix(s.URL(), "/bayeux")+c.path, c.body, accept)
		post(t, s.PublishURL(), `[`+message+`]`) // the head of the response has come: the session listens
		got, err := io.ReadAll(response.Body)
		if err != nil || string(got) != c.want || response.Header.Get("Content-Type") != c.contentType {
			t.Errorf("%s: %q of type %q, %v\nwant %q of type %q", c.kind, got, response.Header.Get("Content-Type"), err, c.want, c.contentType)
		}
	}
}

// A gap is told by a message, and by the name of the event where there is no session.
func TestStreamedGaps(t *testing.T) {
	s := subscribed(t, Faults{GapEvery: 1, RollEvery: 1})
	response := open(t, "GET", strings.TrimSuffix(s.URL(), "/bayeux")+"/events?channel=/b", "", "")
	post(t, s.PublishURL(), `[{"channel":"/b","data":1}]`)
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != "retry: 7\n\nevent: gap\nid: x\ndata: "+gap+"\n\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A stream ends when its session does.
func TestStreamsEndWithTheirSession(t *testing.T) {
	s := subscribed(t, Faults{})
	response := open(t, "GET", s.URL()+"/client1", "", "text/event-stream")
	post(t, s.URL(), `[{"channel":"/meta/disconnect","clientId":"client1"}]`)
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != ":hello\n\nretry: 7\n\n" {
		t.Errorf("%q, %v", got, err)
	}
	if gone := open(t, "GET", s.URL()+"/client1", "", "text/event-stream"); gone.StatusCode != http.StatusNotFound {
		t.Errorf("the stream of a session that has ended has status %d", gone.StatusCode)
	}
}

func TestStreamOfNothing(t *testing.T) {
	for _, kind := range []string{"", "long-polling", "websocket", "pigeon"} {
		if streamOf(kind) != nil {
			t.Errorf("%q is streamed", kind)
		}
	}
}

// socketTo opens a websocket; its first frame is the server's ping.
func socketTo(t *testing.T, s *Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, in, _, err := ws.Dial(context.Background(), "ws"+strings.TrimPrefix(s.URL(), "http"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if in == nil {
		in = bufio.NewReader(conn)
	}
	if f := frame(t, in); f.Header.OpCode != ws.OpPing || string(f.Payload) != "are you there" {
		t.Fatalf("the first frame is %+v", f)
	}
	return conn, in
}

func frame(t *testing.T, in *bufio.Reader) ws.Frame {
	t.Helper()
	header, err := ws.ReadHeader(in)
	if err != nil || header.Length > 1024 {
		t.Fatalf("%+v, %v", header, err)
	}
	f := ws.Frame{Header: header, Payload: make([]byte, header.Length)}
	if _, err := io.ReadFull(in, f.Payload); err != nil {
		t.Fatal(err)
	}
	return f
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if err := wsutil.WriteClientText(conn, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestSocket(t *testing.T) {
	s := subscribed(t, Faults{})
	conn, in := socketTo(t, s)
	say(t, conn, `[{"channel":"/meta/connect","clientId":"client1","id":"3","advice":{"timeout":0}}]`)
	if f := frame(t, in); string(f.Payload) != `[{"channel":"/meta/connect","id":"3","successful":true}]` {
		t.Errorf("the answer to the first connect is %q", f.Payload)
	}
	post(t, s.PublishURL(), `[{"channel":"/a","data":1}]`)
	if f := frame(t, in); string(f.Payload) != `[{"channel":"/a","data":1}]` || !f.Header.Fin {
		t.Errorf("pushed: %q", f.Payload)
	}
	say(t, conn, `[{"channel":"/a","clientId":"client1","id":"4","data":2}]`)
	said := map[string]bool{}
	for range 2 {
		said[string(frame(t, in).Payload)] = true
	}
	if !said[`[{"channel":"/a","id":"4","successful":true}]`] || !said[`[{"channel":"/a","data":2}]`] {
		t.Errorf("after a publish: %v", said)
	}
	say(t, conn, `[{"channel":"/meta/connect","clientId":"nobody","id":"5"}]`)
	if f := frame(t, in); !strings.Contains(string(f.Payload), "402::session_unknown") {
		t.Errorf("an unknown session: %q", f.Payload)
	}
	say(t, conn, `{`)
	if _, err := ws.ReadHeader(in); err == nil {
		t.Error("junk does not end the connection")
	}
}

// Fragments come with a ping between them; a connect that fails closes with 1011.
func TestSocketFaults(t *testing.T) {
	s := subscribed(t, Faults{Fragment: true, FailEvery: 2})
	conn, in := socketTo(t, s)
	const connect = `[{"channel":"/meta/connect","clientId":"client1","id":"3","advice":{"timeout":0}}]`
	say(t, conn, connect)
	first, ping, last := frame(t, in), frame(t, in), frame(t, in)
	if first.Header.Fin || ping.Header.OpCode != ws.OpPing || last.Header.OpCode != ws.OpContinuation || !last.Header.Fin ||
		string(first.Payload)+string(last.Payload) != `[{"channel":"/meta/connect","id":"3","successful":true}]` {
		t.Errorf("%+v %q, %+v, %+v %q", first.Header, first.Payload, ping.Header, last.Header, last.Payload)
	}
	say(t, conn, connect)
	f := frame(t, in)
	if code, _ := ws.ParseCloseFrameData(f.Payload); f.Header.OpCode != ws.OpClose || code != ws.StatusInternalServerError {
		t.Errorf("%+v with code %d", f.Header, code)
	}
}

// A held connect over a websocket waits its time out and ends with the connection.
func TestSocketHolds(t *testing.T) {
	s := subscribed(t, Faults{})
	s.hold = time.Hour
	conn, _ := socketTo(t, s)
	say(t, conn, `[{"channel":"/meta/connect","clientId":"client1","id":"3"}]`)
	conn.Close() // Close of the server, by the clean-up, waits for what is held: the test hangs if it is not given up
}
