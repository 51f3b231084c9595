package floor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"halley/bench/wire"
	"halley/scripts/loopback"
)

// start builds and runs the floor; on a host without a compiler it checks that Build says so.
func start(t *testing.T) (url string, ok bool) {
	t.Helper()
	program, err := Build(t.TempDir())
	if err != nil {
		if _, missing := exec.LookPath("gcc"); missing == nil || !errors.Is(err, ErrNoCompiler) {
			t.Fatal(err)
		}
		return "", false
	}
	address := loopback.Address(t)
	command := exec.Command(program, "--listen", address, "--hold", "1")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed, which is how it ends
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address + "/bayeux", true
		}
	}
	t.Fatal("the floor does not listen")
	return "", false
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.Post(url, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConversation(t *testing.T) {
	url, ok := start(t)
	if !ok {
		return
	}
	connect := func(more string) string {
		return `[{"channel":"/meta/connect","clientId":"floor0","connectionType":"long-polling"` + more + `,"id":"3"}]`
	}
	publish := `[{"channel":"/a","data":{"x":1.10},"clientId":"floor0","id":"7"},{"channel":"/a","data":2,"clientId":"floor0","id":"8"}]`
	const messages = `{"channel":"/a","data":{"x":1.10}},{"channel":"/a","data":2}`
	const reply = `{"channel":"/meta/connect","successful":true,"id":"3"}`
	for _, step := range []struct{ name, body, want string }{
		{"handshake", `[{"channel":"/meta/handshake","version":"1.0","id":"1"}]`, `"clientId":"floor0"`},
		{"subscribe", `[{"channel":"/meta/subscribe","clientId":"floor0","subscription":"/a","id":"2"}]`, `"id":"2"`},
		{"connect at once", connect(`,"advice":{"timeout":0}`), "[" + reply + "]"},
		{"publish between polls", publish, `[{"channel":"/a","successful":true,"id":"7"},{"channel":"/a","successful":true,"id":"8"}]`},
		{"connect with a queue", connect(""), "[" + messages + "," + reply + "]"},
		{"connect that times out", connect(""), "[" + reply + "]"},
	} {
		if got := post(t, url, step.body); !strings.Contains(got, step.want) {
			t.Fatalf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	held := make(chan string, 1)
	go func() { held <- post(t, url, connect("")) }()
	time.Sleep(50 * time.Millisecond)
	post(t, url, publish)
	got := <-held
	if got == "["+reply+"]" { // on a busy host the hold has ended before the publish; then the next poll has it
		got = post(t, url, connect(""))
	}
	if got != "["+messages+","+reply+"]" {
		t.Errorf("held connect: %s", got)
	}
	if got := post(t, url, `[{"channel":"/meta/disconnect","clientId":"floor0","id":"9"}]`); !strings.Contains(got, `"/meta/disconnect"`) {
		t.Errorf("disconnect: %s", got)
	}
}

// line is a connection that is spoken to in the generator's own way.
type line struct {
	t  *testing.T
	c  net.Conn
	st *wire.Stream
	in []byte
}

// open asks for a websocket or a stream.
func open(t *testing.T, url string, style wire.Style) *line {
	t.Helper()
	e, err := wire.ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t}
	if l.c, err = net.Dial("tcp", e.Host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.c.Close() })
	request := e.AppendUpgrade(nil, e.Path, "")
	if style == wire.Events {
		request = e.AppendEvents(nil, wire.EventsOf([]string{"/a"}), "")
	}
	l.write(request)
	for l.st == nil {
		l.more()
		st, _, n, err := wire.Open(style, l.in)
		if err != nil {
			t.Fatalf("%v in %q", err, l.in)
		}
		l.st, l.in = st, l.in[n:]
	}
	return l
}

func (l *line) write(b []byte) {
	l.t.Helper()
	if _, err := l.c.Write(b); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) more() {
	l.t.Helper()
	buf := make([]byte, 1<<16)
	n, err := l.c.Read(buf)
	if err != nil {
		l.t.Fatal(err)
	}
	l.in = append(l.in, buf[:n]...)
}

// next is the next piece with messages.
func (l *line) next() string {
	l.t.Helper()
	for {
		n, _, err := l.st.Take(l.in)
		if err != nil {
			l.t.Fatalf("%v in %q", err, l.in)
		}
		if n == 0 {
			l.more()
			continue
		}
		text := ""
		for p := (wire.Piece{}); l.st.Next(&p); {
			text += string(p.Messages)
		}
		l.in = l.in[n:]
		if text != "" {
			return text
		}
	}
}

func (l *line) say(text string) {
	l.write(wire.AppendFrame(nil, wire.OpText, 0x1234abcd, []byte(text)))
}

// Websockets and event-streams get messages as they come, in any size, while the connect is held.
func TestPushes(t *testing.T) {
	url, ok := start(t)
	if !ok {
		return
	}
	post(t, url, `[{"channel":"/meta/handshake","version":"1.0","id":"1"}]`)
	socket, events := open(t, url, wire.WebSocket), open(t, url, wire.Events)
	connect := `[{"channel":"/meta/connect","clientId":"floor1","connectionType":"websocket","id":"3"}]`
	const reply = `[{"channel":"/meta/connect","successful":true,"id":"3"}]`
	for _, step := range []struct{ say, want string }{
		{`[{"channel":"/meta/handshake","version":"1.0","id":"1"}]`, `"clientId":"floor1"`},
		{`[{"channel":"/meta/subscribe","clientId":"floor1","subscription":"/a","id":"2"}]`, `"/meta/subscribe","successful":true,"id":"2"`},
	} {
		socket.say(step.say)
		if got := socket.next(); !strings.Contains(got, step.want) {
			t.Fatalf("%s: %s", step.say, got)
		}
	}
	socket.say(connect)
	for _, size := range []int{1, 300, 70_000} {
		data := `"` + strings.Repeat("x", size) + `"`
		post(t, url, `[{"channel":"/a","data":`+data+`,"clientId":"floor0","id":"7"},{"channel":"/a","data":2,"clientId":"floor0","id":"8"}]`)
		first, second := `{"channel":"/a","data":`+data+`}`, `{"channel":"/a","data":2}`
		got := socket.next()
		if got == reply { // on a busy host the hold has ended before the publish
			socket.say(connect)
			got = socket.next()
		}
		if got != "["+first+","+second+"]" {
			t.Errorf("websocket: %.80s", got)
		}
		if got := events.next(); got != first+second {
			t.Errorf("event-stream: %.80s", got)
		}
	}
	if got := socket.next(); got != reply {
		t.Errorf("the held connect is answered with %s", got)
	}
	again := open(t, url, wire.WebSocket)
	again.say(strings.Replace(connect, `"id"`, `"advice":{"timeout":0},"id"`, 1))
	if got := again.next(); got != reply {
		t.Errorf("a connect over another websocket is answered with %s", got)
	}
	post(t, url, `[{"channel":"/a","data":5,"clientId":"floor0","id":"9"}]`)
	if got := again.next(); got != `[{"channel":"/a","data":5}]` {
		t.Errorf("another websocket: %s", got)
	}
}
