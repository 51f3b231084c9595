package client

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bench/wire"
)

// rawServer answers with exactly the bytes that a test wants, in the pieces that it wants.
type rawServer struct {
	url    string
	script func(request string, number int) (pieces []string, hangUp bool)

	mu       sync.Mutex
	requests []string
}

func startRaw(t *testing.T, script func(request string, number int) ([]string, bool)) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{url: "http://" + l.Addr().String() + "/bayeux", script: script}
	var open sync.WaitGroup
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.serve(c) })
		}
	}()
	t.Cleanup(func() {
		l.Close()
		open.Wait() // the fleet has stopped by then, so every connection is at its end
	})
	return s
}

func (s *rawServer) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path+" "+string(body))
		pieces, hangUp := s.script(string(body), len(s.requests))
		s.mu.Unlock()
		for _, piece := range pieces {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
			time.Sleep(time.Millisecond) // lets the pieces arrive one by one
		}
		if hangUp {
			return
		}
	}
}

func response(body string, fields ...string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), strings.Join(fields, ""), body)
}

// answer is a well-behaved server's body for a request. Connects that would be held get nothing.
func answer(request string) string {
	switch {
	case strings.Contains(request, "/meta/handshake"):
		return `[{"channel":"/meta/handshake","successful":true,"clientId":"c1"}]`
	case strings.Contains(request, "/meta/subscribe"):
		return `[{"channel":"/meta/subscribe","successful":true}]`
	case strings.Contains(request, `"timeout":0`):
		return `[{"channel":"/meta/connect","successful":true}]`
	case strings.Contains(request, "/meta/disconnect"):
		return `[{"channel":"/meta/disconnect","successful":true}]`
	}
	return ""
}

func oneSubscriber(url string) Config {
	c := sampleConfig(url)
	c.Subscribers, c.Publishers = 1, 0
	return c
}

func held(p Progress) bool { return p.Held == 1 }

func TestResponsesInOtherShapes(t *testing.T) {
	for name, shape := range map[string]func(string) ([]string, bool){
		"byte by byte": func(body string) ([]string, bool) { return strings.Split(response(body), ""), false },
		"chunked": func(body string) ([]string, bool) {
			half := len(body) / 2
			return []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
				fmt.Sprintf("%x\r\n%s\r\n", half, body[:half]), fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body)-half, body[half:])}, false
		},
		"closed after each": func(body string) ([]string, bool) {
			return []string{response(body, "Connection: close\r\n")}, true
		},
		"100 Continue first": func(body string) ([]string, bool) {
			return []string{"HTTP/1.1 100 Continue\r\n\r\n" + response(body)}, false
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startRaw(t, func(request string, _ int) ([]string, bool) {
				if body := answer(request); body != "" {
					return shape(body)
				}
				return nil, false
			})
			r := startRig(t, oneSubscriber(s.url))
			r.fleet.Ramp(1, 0)
			if p := r.until("a held subscriber", held); p.Faults.Total() != 0 {
				t.Errorf("faults %+v", p.Faults)
			}
		})
	}
}

func TestALargeResponseIsRead(t *testing.T) {
	var events []string
	for n := range 5000 {
		events = append(events, fmt.Sprintf(`{"channel":"/bench","data":{"t":1,"n":%d,"r":7,"pad":"%s"}}`, n, strings.Repeat(".", 200)))
	}
	burst := "[" + strings.Join(events, ",") + `,{"channel":"/meta/connect","successful":true}]`
	s := startRaw(t, func(request string, number int) ([]string, bool) {
		if body := answer(request); body != "" {
			return []string{response(body)}, false
		}
		if number == 4 {
			return []string{response(burst)}, false
		}
		return nil, false
	})
	r := startRig(t, oneSubscriber(s.url))
	r.fleet.Ramp(1, 0)
	r.until("all of a megabyte", func(p Progress) bool { return p.Delivered == 5000 })
	if res := r.result([]uint32{5000}); res.Counts.Lost+res.Counts.Duplicates+res.Counts.Reordered != 0 {
		t.Errorf("%+v", res.Counts)
	}
}

func TestBrokenAnswersAreToldApart(t *testing.T) {
	closed := func(f Faults) int64 { return f.Closed }
	protocol := func(f Faults) int64 { return f.Protocol }
	for _, c := range []struct {
		name   string
		pieces []string
		hangUp bool
		count  func(Faults) int64
	}{
		{"closed without an answer", nil, true, closed},
		{"closed in the middle", []string{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n["}, true, closed},
		{"not HTTP", []string{"220 mail ready\r\n\r\n"}, false, protocol},
		{"not JSON", []string{response("<html>")}, false, protocol},
		{"empty array", []string{response("[]")}, false, protocol},
		{"another's reply", []string{response(`[{"channel":"/meta/subscribe","successful":true}]`)}, false, protocol},
		{"an answer too many", []string{response(`[{"channel":"/meta/handshake","successful":true,"clientId":"c"}]`) + response("[]")}, false, protocol},
		{"refused for good", []string{response(`[{"channel":"/meta/handshake","successful":false,"error":"403::no","advice":{"reconnect":"none"}}]`)}, false, protocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startRaw(t, func(_ string, number int) ([]string, bool) {
				if number == 1 {
					return c.pieces, c.hangUp
				}
				return nil, false
			})
			r := startRig(t, oneSubscriber(s.url))
			r.fleet.Ramp(1, 0)
			p := r.until("the fault", func(p Progress) bool { return p.Faults.Total() > 0 })
			if c.count(p.Faults) != p.Faults.Total() || p.Faults.First == "" || p.Held != 0 {
				t.Errorf("%+v", p.Faults)
			}
		})
	}
}

func TestSilenceIsNoticed(t *testing.T) {
	s := startRaw(t, func(string, int) ([]string, bool) { return nil, false })
	config := oneSubscriber(s.url)
	config.ReplyTimeout = 10 * time.Millisecond
	r := startRig(t, config)
	r.fleet.Ramp(1, 0)
	p := r.until("a time-out", func(p Progress) bool { return p.Faults.Timeout > 0 })
	if !strings.Contains(p.Faults.First, "no answer") {
		t.Errorf("%+v", p.Faults)
	}
}

// A connect may be held for as long as a server advises, a minute without that, and other requests not at all.
func TestHeldForLong(t *testing.T) {
	c := still(t, func(c *Config) { c.ReplyTimeout = 5 * time.Second })
	late := func(what request, since time.Duration) bool {
		faults := c.accounts.tally.Faults.Timeout
		c.loop.conns = append(c.loop.conns[:0], conn{phase: open, busy: what})
		c.scanForSilence(int64(since))
		return c.accounts.tally.Faults.Timeout > faults
	}
	if !late(connect, 2*time.Minute) {
		t.Error("nothing is late without advice")
	}
	c.answered(&c.sessions[0], connect, &outcome{answered: true, successful: true, advice: wire.Advice{Timeout: 7_200_000, Interval: 1e6}}, 0)
	if late(connect, time.Hour) || !late(connect, 3*time.Hour) || !late(handshake, 2*time.Minute) {
		t.Error("the advice is not heeded")
	}
	c.answered(&c.sessions[0], connect, &outcome{answered: true, successful: true, advice: wire.Advice{Timeout: 1 << 60, Interval: 1e6}}, 0)
	if late(connect, 24*time.Hour) || !late(connect, 25*time.Hour) {
		t.Error("what makes no sense is heeded")
	}
}

func TestAdvisedIntervalIsKept(t *testing.T) {
	s := startRaw(t, func(request string, _ int) ([]string, bool) {
		body := answer(request)
		if strings.Contains(request, "/meta/connect") {
			body = `[{"channel":"/meta/connect","successful":true,"advice":{"reconnect":"retry","interval":150}}]`
		}
		return []string{response(body)}, false
	})
	r := startRig(t, oneSubscriber(s.url))
	begin := time.Now()
	r.fleet.Ramp(1, 0)
	r.until("three polls", func(p Progress) bool { return p.Cycles >= 3 })
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("three polls took %v, two intervals are 300 ms", took)
	}
}

func TestCookiesComeBack(t *testing.T) {
	var cookies []string
	var mu sync.Mutex
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		cookies = append(cookies, r.Header.Get("Cookie"))
		mu.Unlock()
		if text := answer(string(body)); text != "" {
			http.SetCookie(w, &http.Cookie{Name: "B", Value: "42", Path: "/", HttpOnly: true})
			fmt.Fprint(w, text)
			return
		}
		<-r.Context().Done()
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	defer server.Close()
	r := startRig(t, oneSubscriber("http://"+l.Addr().String()))
	r.fleet.Ramp(1, 0)
	r.until("a held subscriber", held)
	mu.Lock()
	defer mu.Unlock()
	if len(cookies) < 3 || cookies[0] != "" || cookies[1] != "B=42" || cookies[2] != "B=42" {
		t.Errorf("cookies %q", cookies)
	}
}
