package loop

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const wsKey = "dGhlIHNhbXBsZSBub25jZQ=="

func upgradeRequest(fields string) string {
	return "GET /bayeux HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + wsKey +
		"\r\nSec-WebSocket-Version: 13\r\n" + fields + "\r\n"
}

// socketOf opens a websocket.
func socketOf(t testing.TB, s *Server) *wire {
	t.Helper()
	w := dial(t, s)
	w.send(upgradeRequest(""))
	got := w.read()
	sum := sha1.Sum([]byte(wsKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if got.StatusCode != 101 || got.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Fatalf("upgrade: %d %v", got.StatusCode, got.Header)
	}
	return w
}

// frame sends a masked frame.
func (w *wire) frame(opcode byte, payload string) {
	w.t.Helper()
	w.send(maskedFrame(opcode, payload))
}

func maskedFrame(opcode byte, payload string) string {
	head := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	mask := []byte{1, 2, 3, 4}
	body := []byte(payload)
	for i := range body {
		body[i] ^= mask[i%4]
	}
	return string(head) + string(mask) + string(body)
}

// readFrame reads one frame of the server's.
func (w *wire) readFrame() (opcode byte, payload string) {
	w.t.Helper()
	opcode, payload, err := frameFrom(patient{w.Conn, w.in})
	if err != nil {
		w.t.Fatal(err)
	}
	return opcode, payload
}

func (w *wire) tryFrame() (opcode byte, payload string, err error) { return frameFrom(w.in) }

func frameFrom(in io.Reader) (opcode byte, payload string, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return 0, "", err
	}
	n := uint64(head[1])
	switch n {
	case 126, 127:
		size := make([]byte, 2+6*(n-126))
		if _, err := io.ReadFull(in, size); err != nil {
			return 0, "", err
		}
		n = binary.BigEndian.Uint64(append(make([]byte, 8-len(size)), size...))
	}
	body := make([]byte, n)
	_, err = io.ReadFull(in, body)
	return head[0], string(body), err
}

// roundTrip sends messages over a websocket and reads the next text frame.
func (w *wire) roundTrip(body string) []map[string]any {
	w.t.Helper()
	w.frame(1, body)
	return w.text()
}

// text reads the next text frame, over pings.
func (w *wire) text() []map[string]any {
	w.t.Helper()
	opcode, payload := w.readFrame()
	for opcode == 0x89 {
		opcode, payload = w.readFrame()
	}
	if opcode != 0x81 {
		w.t.Fatalf("opcode %x: %q", opcode, payload)
	}
	return decode(w.t, payload)
}

func wsConnect(id string) string {
	return fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"websocket","clientId":%q}`, id)
}

// socketSubscriber opens a session over a websocket.
func socketSubscriber(t testing.TB, s *Server, pattern string) (w *wire, id string) {
	t.Helper()
	w = socketOf(t, s)
	id = w.roundTrip(`[{"channel":"/meta/handshake","supportedConnectionTypes":["websocket"]}]`)[0]["clientId"].(string)
	equal(t, w.roundTrip(wsConnect(id))[0]["successful"], true)
	equal(t, w.roundTrip(subscribe(id, pattern))[0]["successful"], true)
	return w, id
}

func TestWebSocket(t *testing.T) { eachEncryption(t, testWebSocket) }

func testWebSocket(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.Loops = 2 })
	w, id := socketSubscriber(t, s, "/a")
	w.frame(1, wsConnect(id)) // held
	eventually(t, func() bool { return s.Stats().Held == 1 })
	mustPublish(t, s, "/a", `{"p":1.10}`)
	equal(t, w.text(), decode(t, `[{"channel":"/a","data":{"p":1.10}}]`))
	w.frame(1, publish(id, "/a", "2"))
	got := append(w.text(), w.text()...)
	equal(t, got[0]["successful"], true)
	equal(t, events(got), []string{"2"})
	equal(t, s.Stats().Held, 1)
	equal(t, len(w.roundTrip("[]")), 0)
	w.frame(9, "are you there")
	opcode, payload := w.readFrame()
	equal(t, []any{opcode, payload}, []any{0x8a, "are you there"})
	w.frame(8, "\x03\xe8bye")
	opcode, payload = w.readFrame()
	equal(t, []any{opcode, payload}, []any{0x88, "\x03\xe8"})
	if _, err := w.in.ReadByte(); err != io.EOF {
		t.Errorf("after the close: %v", err)
	}
	eventually(t, func() bool { return s.Stats().Held == 0 })
	mustPublish(t, s, "/a", "3")
	again := socketOf(t, s)
	again.frame(1, wsConnect(id))
	equal(t, events(again.text()), []string{"3"})
}

func TestWebSocketRefusals(t *testing.T) {
	s := start(t, func(c *Config) { c.AllowOrigin = []string{"http://friend.example"} })
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"version":       {strings.Replace(upgradeRequest(""), "Version: 13", "Version: 8", 1), 426},
		"key":           {strings.Replace(upgradeRequest(""), wsKey, "short", 1), 400},
		"1.0":           {strings.Replace(upgradeRequest(""), "HTTP/1.1", "HTTP/1.0", 1), 400},
		"origin":        {upgradeRequest("Origin: http://foe.example\r\n"), 403},
		"same origin":   {upgradeRequest("Origin: http://h\r\n"), 101},
		"default port":  {strings.Replace(upgradeRequest("Origin: https://h\r\n"), "Host: h", "Host: h:443", 1), 101},
		"its browser":   {upgradeRequest("Origin: https://public.example\r\nSec-Fetch-Site: same-origin\r\n"), 101},
		"same site":     {upgradeRequest("Origin: https://public.example\r\nSec-Fetch-Site: same-site\r\n"), 403},
		"other port":    {strings.Replace(upgradeRequest("Origin: https://h\r\n"), "Host: h", "Host: h:8443", 1), 403},
		"other scheme":  {strings.Replace(upgradeRequest("Origin: http://h\r\n"), "Host: h", "Host: h:443", 1), 403},
		"friend":        {upgradeRequest("Origin: http://friend.example\r\n"), 101},
		"not websocket": {strings.Replace(upgradeRequest(""), "Upgrade: websocket", "Upgrade: h2c", 1), 400},
		"with protocol": {upgradeRequest("Sec-WebSocket-Protocol: bayeux, other\r\n"), 101},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, s)
			w.send(row.request)
			got := w.read()
			equal(t, got.StatusCode, row.status)
			if name == "with protocol" {
				equal(t, got.Header.Get("Sec-WebSocket-Protocol"), "bayeux")
			}
		})
	}
}

func TestWebSocketFaults(t *testing.T) { eachEncryption(t, testWebSocketFaults) }

func testWebSocketFaults(t *testing.T, k socketKind) {
	s := k.start(t, nil)
	for name, row := range map[string]struct {
		opcode  byte
		payload string
		code    uint16
	}{
		"not JSON": {1, "{", 1007},
		"not UTF8": {1, "[\"\xff\"]", 1007},
		"binary":   {2, "[]", 1003},
		"too big":  {1, strings.Repeat(" ", 70_000), 1009},
		"opcode":   {3, "", 1002},
	} {
		t.Run(name, func(t *testing.T) {
			w := socketOf(t, s)
			w.frame(row.opcode, row.payload)
			opcode, payload := w.readFrame()
			equal(t, opcode, 0x88)
			equal(t, binary.BigEndian.Uint16([]byte(payload)), row.code)
		})
	}
	eventually(t, func() bool { return s.Stats().Connections == 0 })
}

func TestMessagesPerFrame(t *testing.T) { eachEncryption(t, testMessagesPerFrame) }

func testMessagesPerFrame(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.WSMessagesPerFrame = 2 })
	w, _ := socketSubscriber(t, s, "/a")
	var batch []Publication
	for n := range 5 {
		batch = append(batch, publication("/a", fmt.Sprint(n))...)
	}
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	equal(t, [][]string{events(w.text()), events(w.text()), events(w.text())}, [][]string{{"0", "1"}, {"2", "3"}, {"4"}})
}

func getRequest(path, fields string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"
}

// openStream sends a request and returns the response with its body unread.
func (w *wire) openStream(request string) (*http.Response, *bufio.Reader) {
	w.t.Helper()
	w.send(request)
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return response, bufio.NewReader(response.Body)
}

func line(t testing.TB, in *bufio.Reader) string {
	t.Helper()
	text, err := in.ReadString('\n')
	if err != nil {
		t.Fatalf("%v after %q", err, text)
	}
	return strings.TrimRight(text, "\r\n")
}

func TestEventSource(t *testing.T) { eachEncryption(t, testEventSource) }

func testEventSource(t *testing.T, k socketKind) {
	s, now := k.startStill(t, func(c *Config) { c.Loops = 2; c.Heartbeat = 300 * time.Millisecond })
	a := dial(t, s)
	id := a.subscriber("/a")
	for range 4 { // whatever the loop of the stream's connection
		b := dial(t, s)
		response, in := b.openStream(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
		equal(t, response.Header.Get("Content-Type"), "text/event-stream;charset=utf-8")
		equal(t, response.Header.Get("X-Accel-Buffering"), "no")
		equal(t, response.Header.Get("Cache-Control"), "no-store, no-transform") // else proxies that compress keep events back
		equal(t, line(t, in), "retry: 5000")
		equal(t, line(t, in), "")
		equal(t, a.hears(id)[0]["advice"].(map[string]any)["interval"], DefaultConfig().Hold.Milliseconds())
		mustPublish(t, s, "/a", "{\"a\":\n1}")
		equal(t, line(t, in), `data: [{"channel":"/a","data":{"a": 1}}]`)
		equal(t, line(t, in), "")
		equal(t, s.Stats().Panics, 0) // the loops have done all that belongs to the event
		now.Add(600)
		equal(t, line(t, in), ":")
	}
	b := dial(t, s)
	b.send(getRequest("/bayeux/0123", "Accept: text/event-stream\r\n"))
	equal(t, b.read().StatusCode, 404)
}

func TestEventsWithoutBayeux(t *testing.T) { eachEncryption(t, testEventsWithoutBayeux) }

func testEventsWithoutBayeux(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.Rules = []string{"/hidden/** subscribe=none"} })
	a := dial(t, s)
	_, in := a.openStream(getRequest("/events?channel=/a&channel=%2Fb%2F*", ""))
	equal(t, line(t, in)+line(t, in), "retry: 5000")
	mustPublish(t, s, "/b/c", "1")
	equal(t, line(t, in)+line(t, in), `data: {"channel":"/b/c","data":1}`)
	mustPublish(t, s, "/a", "2")
	equal(t, line(t, in)+line(t, in), `data: {"channel":"/a","data":2}`)
	equal(t, s.Stats().Sessions, 1)
	a.Close()
	eventually(t, func() bool { set := s.interest.Of("/a"); return s.Stats().Sessions == 0 && set.Empty() })
	for path, status := range map[string]int{
		"/events": 400, "/events?channel=nope": 400, "/events?channel=/hidden/x": 403, "/events?channel=%zz": 400,
		"/events?channel=/meta/connect": 403,
	} {
		b := dial(t, s)
		b.send(getRequest(path, ""))
		equal(t, b.read().StatusCode, status)
	}
}

func streamConnect(id, kind string) string {
	return post(fmt.Sprintf(`{"channel":"/meta/connect","connectionType":%q,"clientId":%q}`, kind, id))
}

func TestStreamingConnects(t *testing.T) { eachEncryption(t, testStreamingConnects) }

func testStreamingConnects(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.Loops = 2; c.StreamPadding = 100 })
	for kind, want := range map[string][]string{
		"xhr-streaming": {`[{"channel":"/a","data":"<"}]`},
		"iframe":        {`<script>d([{"channel":"/a","data":"\u003c"}])</script>`},
		"mime-message-block": {"Content-Type: text/plain;charset=utf-8", "",
			`[{"channel":"/a","data":"<"}]`, "--halley-part"},
	} {
		t.Run(kind, func(t *testing.T) {
			a, b := dial(t, s), dial(t, s)
			id := a.subscriber("/a")
			_, in := b.openStream(streamConnect(id, kind))
			for text := ""; !strings.Contains(text, "/meta/connect"); text = line(t, in) {
			}
			if kind == "mime-message-block" {
				equal(t, line(t, in), "--halley-part")
			}
			for range 2 {
				mustPublish(t, s, "/a", `"<"`)
				for _, text := range want {
					equal(t, line(t, in), text)
				}
			}
			a.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
			if _, err := io.ReadAll(in); err != nil {
				t.Errorf("the stream does not end well: %v", err)
			}
			b.send(post("[]"))
			equal(t, b.read().body, "[]")
		})
	}
}

// A stream that has become too long ends, and the next one goes on.
func TestStreamRollsOver(t *testing.T) { eachEncryption(t, testStreamRollsOver) }

func testStreamRollsOver(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.StreamBytes = 1 << 10 })
	a, b := dial(t, s), dial(t, s)
	id := a.subscriber("/a")
	var got []string
	for n := 0; len(got) < 60; {
		_, in := b.openStream(streamConnect(id, "xhr-streaming"))
		line(t, in)
		for ; n < 60 && n < len(got)+40; n++ {
			mustPublish(t, s, "/a", fmt.Sprintf(`"%d%s"`, n, strings.Repeat("x", 60)))
		}
		for len(got) < 60 {
			text, err := in.ReadString('\n')
			if err == io.EOF {
				break
			}
			got = append(got, events(decode(t, text))...)
		}
		if len(got) == 60 {
			break
		}
	}
	for n, text := range got {
		if !strings.HasPrefix(text, fmt.Sprintf(`"%dx`, n)) {
			t.Fatalf("event %d is %.8s", n, text)
		}
	}
}

// A stream in HTTP/1.0 has no chunks and ends with its connection.
func TestStreamHTTP10(t *testing.T) { eachEncryption(t, testStreamHTTP10) }

func testStreamHTTP10(t *testing.T, k socketKind) {
	s := k.start(t, nil)
	a := dial(t, s)
	response, in := a.openStream("GET /events?channel=/a HTTP/1.0\r\nHost: h\r\n\r\n")
	equal(t, len(response.TransferEncoding), 0)
	equal(t, line(t, in)+line(t, in), "retry: 5000")
	mustPublish(t, s, "/a", "1")
	equal(t, line(t, in)+line(t, in), `data: {"channel":"/a","data":1}`)
}

func TestTunnelInit(t *testing.T) {
	s := start(t, nil)
	a := dial(t, s)
	a.send(getRequest("/cometd/?tunnelInit=iframe", ""))
	got := a.read()
	equal(t, got.Header.Get("Content-Type"), "text/html;charset=utf-8")
	if !strings.Contains(got.body, "tunnelInit") {
		t.Errorf("got %s", got.body)
	}
}
