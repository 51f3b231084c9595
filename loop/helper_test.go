package loop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// deadline bounds every wait of these tests; it is long because machines are busy.
const deadline = time.Minute

// unhurried is longer than any test waits: what a server lets a client take at most, where a test does not ask for less.
const unhurried = 10 * deadline

// config is the default one, for a small server that stops at once and lets clients of a busy machine be as late as they are.
func config(change func(*Config)) Config {
	cfg := DefaultConfig()
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.Loops = 1
	cfg.DrainTimeout = 0
	cfg.MaxConnections = 1000
	cfg.MaxInterval, cfg.SlowTimeout, cfg.Heartbeat, cfg.AdmitLag = unhurried, unhurried, unhurried, 0
	cfg.HeaderTimeout, cfg.BodyTimeout, cfg.IdleTimeout, cfg.TLSHandshakeTimeout = unhurried, unhurried, unhurried, unhurried
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// start runs a server until the test ends.
func start(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	s := made(t, change)
	s.runUntilEnd(t)
	return s
}

// made is a server that does not run yet. Its figures are those of now, however late its loops are.
func made(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	s, err := New(config(change))
	if err != nil {
		t.Fatal(err)
	}
	s.census.patience = deadline
	return s
}

// still has a server that is made go by a clock that stands still, however slow the machine is, but for what is added to it.
func (s *Server) still() (now *atomic.Int64) {
	now = new(atomic.Int64)
	now.Store(s.now())
	s.clock = func(time.Duration) int64 { return now.Load() }
	return now
}

// startStill is start with a clock that stands still.
func startStill(t testing.TB, change func(*Config)) (s *Server, now *atomic.Int64) {
	t.Helper()
	return socketKind{}.startStill(t, change)
}

// runUntilEnd runs a server that is made until the test ends.
func (s *Server) runUntilEnd(t testing.TB) { s.runUntilStop(t) }

// runUntilStop runs a server that is made until it is told to stop, or the test ends.
func (s *Server) runUntilStop(t testing.TB) (stop func()) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(deadline):
			t.Error("the server does not stop")
		}
	})
	s.Addresses()
	return stop
}

// wire is one raw connection to a server.
type wire struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func dial(t testing.TB, s *Server) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	return newWire(t, secured(s, conn))
}

func newWire(t testing.TB, conn net.Conn) *wire {
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(deadline))
	return &wire{t: t, Conn: conn, in: bufio.NewReader(conn)}
}

func (w *wire) send(text string) {
	w.t.Helper()
	w.SetDeadline(time.Now().Add(deadline))
	if _, err := io.WriteString(w.Conn, text); err != nil {
		w.t.Fatal(err)
	}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// read reads one response.
func (w *wire) read() answer {
	w.t.Helper()
	a, err := w.tryRead()
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *wire) tryRead() (answer, error) { return w.tryReadTo(nil) }

// tryReadTo reads the response to a request, whose method tells whether it has a
// body.
func (w *wire) tryReadTo(request *http.Request) (answer, error) {
	w.SetReadDeadline(time.Now().Add(deadline))
	response, err := http.ReadResponse(w.in, request)
	if err != nil {
		return answer{}, err
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return answer{Response: response}, nil
	}
	body, err := io.ReadAll(patient{w.Conn, response.Body})
	return answer{response, string(body)}, err
}

// patient reads what may come slowly: the deadline is for each piece of it.
type patient struct {
	conn net.Conn
	io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	p.conn.SetReadDeadline(time.Now().Add(deadline))
	return p.Reader.Read(b)
}

func post(body string) string {
	return fmt.Sprintf("POST /bayeux HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// bayeux sends messages and reads the reply's.
func (w *wire) bayeux(body string) []map[string]any {
	w.t.Helper()
	w.send(post(body))
	return w.messages()
}

func (w *wire) messages() []map[string]any {
	w.t.Helper()
	a := w.read()
	if a.StatusCode != 200 {
		w.t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	return decode(w.t, a.body)
}

func decode(t testing.TB, body string) (messages []map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&messages); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return messages
}

// handshake opens a session and returns its clientId.
func (w *wire) handshake() string {
	w.t.Helper()
	reply := w.bayeux(`{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`)[0]
	if reply["successful"] != true {
		w.t.Fatalf("handshake: %v", reply)
	}
	return reply["clientId"].(string)
}

func connect(id string) string {
	return fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"long-polling","clientId":%q}`, id)
}

func subscribe(id, pattern string) string {
	return fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%q}`, id, pattern)
}

func publish(id, channel, data string) string {
	return fmt.Sprintf(`{"channel":%q,"clientId":%q,"data":%s}`, channel, id, data)
}

// subscriber opens a session with a subscription and its first connect done.
func (w *wire) subscriber(pattern string) string {
	w.t.Helper()
	id := w.handshake()
	w.bayeux("[" + connect(id) + "," + subscribe(id, pattern) + "]")
	return id
}

// hears says that the client of an event-stream sees it open.
func (w *wire) hears(id string) []map[string]any {
	w.t.Helper()
	return w.bayeux(fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"eventsource","clientId":%q}`, id))
}

// join subscribes in one request with a connect, whose reply has what is remembered.
func (w *wire) join(id, subscription string) []map[string]any {
	w.t.Helper()
	return w.bayeux("[" + subscription + "," + connect(id) + "]")
}

// holdConnect sends a connect and waits until the server holds it.
func (w *wire) holdConnect(s *Server, id string) {
	w.t.Helper()
	w.send(post(connect(id)))
	eventually(w.t, func() bool { return isHeld(s, id) })
}

// isHeld tells whether the session of a clientId holds a connect.
func isHeld(s *Server, id string) bool {
	sessions, _ := s.Sessions(context.Background(), 1<<20)
	for _, i := range sessions {
		if i.ID == id {
			return i.Held
		}
	}
	return false
}

// displaced tells whether these are the reply to a poll that another one replaced.
func displaced(messages []map[string]any) bool {
	if len(messages) != 1 {
		return false
	}
	advice, _ := messages[0]["advice"].(map[string]any)
	return fmt.Sprint(advice["interval"]) == fmt.Sprint(multiInterval.Milliseconds())
}

// eventually waits until ok.
func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

// events returns the data of a reply's deliveries.
func events(messages []map[string]any) (data []string) {
	for _, m := range messages {
		if d, ok := m["data"]; ok {
			text, _ := json.Marshal(d)
			data = append(data, string(text))
		}
	}
	return data
}

func publication(channel, data string) []Publication {
	return []Publication{{Channel: []byte(channel), Data: []byte(data)}}
}

func mustPublish(t testing.TB, s *Server, channel, data string) {
	t.Helper()
	if err := s.Publish(publication(channel, data)); err != nil {
		t.Fatal(err)
	}
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if !bytes.Equal(g, w) {
		t.Errorf("got %s, want %s", g, w)
	}
}
