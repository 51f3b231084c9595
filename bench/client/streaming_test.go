package client

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"halley/bench/faulty"
	"halley/bench/plan"
	"halley/bench/wire"
)

func pushStyles() []wire.Style {
	return []wire.Style{wire.WebSocket, wire.EventSource, wire.Events, wire.XHRStreaming, wire.Iframe, wire.MimeMessageBlock}
}

// eachPush runs a test against a server for every connection type that pushes.
func eachPush(t *testing.T, faults faulty.Faults, test func(t *testing.T, r *rig, style wire.Style), change ...func(*Config)) {
	t.Helper()
	for _, style := range pushStyles() {
		t.Run(style.String(), func(t *testing.T) {
			t.Parallel()
			server := faulty.Start(300*time.Millisecond, faults)
			t.Cleanup(server.Close) // after the fleet, which would come back
			config := sampleConfig(server.URL())
			config.Style = style
			for _, c := range change {
				c(&config)
			}
			test(t, startRig(t, config), style)
		})
	}
}

func TestFaultlessRunOverEveryPush(t *testing.T) {
	for name, faults := range map[string]faulty.Faults{"plain": {}, "in fragments": {Fragment: true}} {
		t.Run(name, func(t *testing.T) {
			eachPush(t, faults, func(t *testing.T, r *rig, style wire.Style) {
				r.ramp(20)
				res := r.publish(50, 500, 1000)
				if err := res.Counts.Check(1000); err != nil {
					t.Error(err)
				}
				p := res.Progress
				if p.Faults.Total() != 0 || res.Latency.Count() != 1000 || res.Ramp.Count() != 20 || p.Received < 1000*100 {
					t.Errorf("faults %+v, %d latencies, %d ramped, %d bytes", p.Faults, res.Latency.Count(), res.Ramp.Count(), p.Received)
				}
				if subscribers := 20 * style.Connections(1); p.Open < subscribers || p.Open > subscribers+2 {
					t.Errorf("%d connections, %d of them subscribers'", p.Open, subscribers)
				}
			})
		})
	}
}

// Streams that end in good order are opened anew, each at least once however events are bundled, and what
// waited meanwhile still comes.
func TestRolledStreamsLoseNothing(t *testing.T) {
	eachPush(t, faulty.Faults{RollEvery: 5}, func(t *testing.T, r *rig, style wire.Style) {
		if style == wire.Events || style == wire.WebSocket {
			return // nobody keeps anything for the one, the other does not end
		}
		r.ramp(20)
		res := r.publish(50, 200, 1000)
		if err := res.Counts.Check(1000); err != nil || res.Progress.Rolled < 20 || res.Progress.Faults.Total() != 0 {
			t.Errorf("%v, %d rolled, faults %+v", err, res.Progress.Rolled, res.Progress.Faults)
		}
	})
}

func TestForgottenSessionsOfStreamsAreRenewed(t *testing.T) {
	eachPush(t, faulty.Faults{ForgetEvery: 30, RollEvery: 3}, func(t *testing.T, r *rig, style wire.Style) {
		if style == wire.Events {
			return // has no session to forget
		}
		r.ramp(20)
		r.fleet.Publish(Publication{Pace: plan.Pace{Rate: 50, Count: 1000}})
		p := r.until("renewals", func(p Progress) bool { return p.Renewed >= 3 && p.Held >= 15 })
		if p.Faults.Protocol < 3 || !strings.Contains(p.Faults.First, "session_unknown") {
			t.Errorf("faults %+v", p.Faults)
		}
	})
}

func TestKilledStreamsComeBackExcused(t *testing.T) {
	eachPush(t, faulty.Faults{}, func(t *testing.T, r *rig, _ wire.Style) {
		r.ramp(20)
		r.fleet.Kill(50)
		r.until("kills", func(p Progress) bool { return p.Killed >= 10 })
		r.fleet.Kill(0)
		r.until("all back", func(p Progress) bool { return p.Held == 20 })
		res := r.publish(10, 100, 150)
		settle(r)
		res = r.result(res.Progress.Sent)
		if res.Counts.Delivered+res.Counts.Lost != 200 || res.Counts.Lost > res.Counts.Excused || res.Progress.Faults.Total() != 0 {
			t.Errorf("%+v %+v", res.Counts, res.Progress.Faults)
		}
	})
}

func TestChurnOverEveryPush(t *testing.T) {
	eachPush(t, faulty.Faults{}, func(t *testing.T, r *rig, _ wire.Style) {
		r.fleet.Churn(0, 40)
		p := r.until("forty cycles", func(p Progress) bool { return p.Churned == 40 })
		if p.Open != 0 || p.Faults.Total() != 0 {
			t.Errorf("%+v", p)
		}
	}, func(c *Config) { c.Subscribers, c.Churners = 0, 4 })
}

func TestLeaveClosesEveryPush(t *testing.T) {
	eachPush(t, faulty.Faults{}, func(t *testing.T, r *rig, _ wire.Style) {
		r.ramp(20)
		r.fleet.Leave()
		r.until("an empty fleet", func(p Progress) bool { return p.Held == 0 && p.Open == 0 })
	})
}

// Beside an event-stream the client says that it lives, as often as the server advises.
func TestHeartbeatsBesideAnEventStream(t *testing.T) {
	t.Parallel()
	server := faulty.Start(time.Second, faulty.Faults{})
	t.Cleanup(server.Close)
	config := oneSubscriber(server.URL())
	config.Style = wire.EventSource
	r := startRig(t, config)
	begin := time.Now()
	r.ramp(1)
	p := r.until("three heartbeats", func(p Progress) bool { return p.Cycles >= 3 })
	if took := time.Since(begin); took < 2*time.Second || p.Held != 1 || p.Open != 2 || p.Faults.Total() != 0 {
		t.Errorf("after %v: %+v", took, p)
	}
}

// Events that come while a connect is held do not end it, and what the server says by
// itself on /meta/connect is no answer to it.
func TestAHeldConnectOutlivesEvents(t *testing.T) {
	var mu sync.Mutex
	var requests []string
	var pongs []string
	handler := func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		script(conn, func(op ws.OpCode, text string) {
			mu.Lock()
			defer mu.Unlock()
			if op == ws.OpPong {
				pongs = append(pongs, text)
				return
			}
			requests = append(requests, text)
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(handler)}
	go server.Serve(l)
	defer server.Close()
	config := oneSubscriber("http://" + l.Addr().String() + "/bayeux")
	config.Style = wire.WebSocket
	r := startRig(t, config)
	r.fleet.Ramp(1, 0)
	p := r.until("two deliveries and the close", func(p Progress) bool { return p.Delivered == 2 && p.Faults.Closed > 0 })
	if p.Gaps < 1 || !strings.Contains(p.Faults.First, "code 1001") {
		t.Errorf("%+v", p)
	}
	mu.Lock()
	defer mu.Unlock()
	if n := len(requests); n < 4 || strings.Join(pongs, ",")[:4] != "ping" {
		t.Errorf("%d requests %q, pongs %q", n, requests, pongs)
	}
	for i, want := range []string{"handshake", "subscribe", `"timeout":0`, "/meta/connect"} {
		if !strings.Contains(requests[i], want) {
			t.Errorf("request %d is %s, want %s", i, requests[i], want)
		}
	}
}

// script serves one websocket; once a connect is held it sends two events, a ping, word of
// a gap and a close.
func script(conn net.Conn, seen func(ws.OpCode, string)) {
	for {
		head, err := ws.ReadHeader(conn)
		if err != nil || !head.Masked || head.OpCode == ws.OpClose || head.Length > 1<<16 {
			return
		}
		payload := make([]byte, head.Length)
		if _, err := io.ReadFull(conn, payload); err != nil {
			return
		}
		ws.Cipher(payload, head.Mask, 0)
		text := string(payload)
		seen(head.OpCode, text)
		if head.OpCode == ws.OpPong {
			continue
		}
		if body := answer(text); body != "" {
			_, id, _ := strings.Cut(text, `"id":"`)
			body = strings.Replace(body, `"successful"`, `"id":"`+id[:strings.IndexByte(id, '"')]+`","successful"`, 1)
			_ = wsutil.WriteServerText(conn, []byte(body)) // a client that has gone is seen by the read
			continue
		}
		for n := range 2 {
			event := fmt.Sprintf(`[{"channel":"/bench","data":{"t":1,"n":%d,"r":7}}]`, n)
			_ = wsutil.WriteServerText(conn, []byte(event))
		}
		_ = wsutil.WriteServerText(conn, []byte(`[{"channel":"/meta/connect","successful":true,"ext":{"dropped":{"/a":2}}}]`))
		_ = ws.WriteFrame(conn, ws.NewPingFrame([]byte("ping")))
		_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusGoingAway, "")))
	}
}

func streamHead(fields string) string {
	return "HTTP/1.1 200 OK\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n"
}

func chunkOf(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

func TestBrokenStreamsAreToldApart(t *testing.T) {
	status := func(f Faults) int64 { return f.Status }
	closed := func(f Faults) int64 { return f.Closed }
	protocol := func(f Faults) int64 { return f.Protocol }
	for _, c := range []struct {
		name   string
		style  wire.Style
		pieces []string
		hangUp bool
		count  func(Faults) int64
	}{
		{"upgrade refused", wire.WebSocket, []string{"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"}, false, status},
		{"upgrade of another key", wire.WebSocket, []string{"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: x\r\n\r\n"}, false, protocol},
		{"events refused", wire.Events, []string{"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n"}, false, status},
		{"events broken off", wire.Events, []string{streamHead(""), chunkOf("retry: 5\n\n")}, true, closed},
		{"events that are not JSON", wire.Events, []string{streamHead(""), chunkOf("data: {]\n\n")}, false, protocol},
		{"events without an end broken off in one", wire.Events, []string{"HTTP/1.1 200 OK\r\n\r\ndata: {"}, true, closed},
		{"bad chunk", wire.Events, []string{streamHead(""), "zz\r\n"}, false, protocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startRaw(t, func(_ string, number int) ([]string, bool) {
				if number == 1 {
					return c.pieces, c.hangUp
				}
				return nil, false
			})
			config := oneSubscriber(s.url)
			config.Style = c.style
			r := startRig(t, config)
			r.fleet.Ramp(1, 0)
			p := r.until("the fault", func(p Progress) bool { return p.Faults.Total() > 0 })
			if c.count(p.Faults) != p.Faults.Total() || p.Faults.First == "" {
				t.Errorf("%+v", p.Faults)
			}
		})
	}
}

// A connect that a server answers without a stream is tried again: at once it is a fault,
// after an interval the server's wish.
func TestAStreamThatIsNone(t *testing.T) {
	for advice, faults := range map[string]bool{``: true, `,"advice":{"interval":20}`: false} {
		s := startRaw(t, func(request string, _ int) ([]string, bool) {
			if strings.Contains(request, "/meta/connect") {
				return []string{response(`[{"channel":"/meta/connect","successful":true` + advice + `}]`)}, false
			}
			return []string{response(answer(request))}, false
		})
		config := oneSubscriber(s.url)
		config.Style = wire.XHRStreaming
		r := startRig(t, config)
		r.fleet.Ramp(1, 0)
		p := r.until("three connects", func(p Progress) bool { return p.Cycles >= 3 })
		if p.Faults.Total() > 0 != faults || p.Held != 0 {
			t.Errorf("advice %q: %+v", advice, p)
		}
	}
}

// An event-stream of HTTP/1.0 or of Faye's server ends with its connection; the next goes
// on after the last id, when the server has said.
func TestAnEventStreamThatEndsByClose(t *testing.T) {
	var fields []string
	var mu sync.Mutex
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n := len(fields)
		fields = append(fields, r.Header.Get("Last-Event-ID"))
		mu.Unlock()
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"+
			"retry: 20\r\n\r\nid: e%d\ndata: {\"channel\":\"/bench\",\ndata: \"data\":{\"t\":1,\"n\":%d,\"r\":7}}\n\n", n, n)
	})}
	go server.Serve(l)
	defer server.Close()
	config := oneSubscriber("http://" + l.Addr().String() + "/bayeux")
	config.Style = wire.Events
	r := startRig(t, config)
	r.fleet.Ramp(1, 0)
	p := r.until("three streams", func(p Progress) bool { return p.Delivered >= 3 })
	mu.Lock()
	defer mu.Unlock()
	if p.Faults.Total() != 0 || p.Rolled < 2 || strings.Join(fields[:3], ",") != ",e0,e1" {
		t.Errorf("%+v, ids %q", p, fields)
	}
}
