package loop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/flate"
)

// deflated compresses a message as a client does.
func deflated(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 9)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	w.Flush()
	return strings.TrimSuffix(out.String(), flushed)
}

func inflatedText(t testing.TB, packed string) string {
	t.Helper()
	text, err := io.ReadAll(flate.NewReader(strings.NewReader(packed + flushed + ending)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compressing opens a websocket that offers compression.
func compressing(t testing.TB, s *Server) *wire {
	t.Helper()
	w := dial(t, s)
	w.send(upgradeRequest("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"))
	got := w.read()
	equal(t, got.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
	return w
}

func compressAbove(n int) func(*Config) { return func(c *Config) { c.WSCompressAbove = n } }

// Long frames are compressed and short ones are not; what does not become shorter
// goes as it is.
func TestLongFramesAreCompressed(t *testing.T) { eachEncryption(t, testLongFramesAreCompressed) }

func testLongFramesAreCompressed(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.WSCompressAbove, c.Loops = 1<<10, 2 })
	var noise strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		noise.WriteRune(rune(0x4e00 + random.IntN(20000)))
	}
	sockets := []*wire{compressing(t, s), compressing(t, s)}
	for _, w := range sockets {
		w.session("/a")
	}
	for n, row := range []struct {
		data   string
		opcode byte
	}{
		{strings.Repeat("x", 100), 0x81},
		{strings.Repeat("x", 5000), 0xc1},
		{strings.Repeat("y", 5000), 0xc1},
		{strings.Repeat("x", 500_000), 0xc1},
		{noise.String(), 0x81},
	} {
		mustPublish(t, s, "/a", `"`+row.data+`"`)
		for _, w := range sockets {
			opcode, payload := w.readFrame()
			if opcode == 0xc1 {
				payload = inflatedText(t, payload)
			}
			if want := `[{"channel":"/a","data":"` + row.data + `"}]`; payload != want {
				t.Errorf("message %d: opcode %x, %d bytes of %d: %.60q", n, opcode, len(payload), len(want), payload)
			}
			equal(t, opcode, row.opcode)
		}
	}
}

// With a number of messages for each frame every frame is judged by its own size;
// replies are compressed as events are.
func TestCompressedFramesOfMany(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.WSCompressAbove, c.WSMessagesPerFrame = 1<<10, 1 })
	w := compressing(t, s)
	id := w.session("/a")
	long := strings.Repeat("x", 2000)
	if err := s.Publish(append(append(publication("/a", `"short"`), publication("/a", `"`+long+`"`)...), publication("/a", "1")...)); err != nil {
		t.Fatal(err)
	}
	var opcodes []byte
	for range 3 {
		opcode, _ := w.readFrame()
		opcodes = append(opcodes, opcode)
	}
	equal(t, opcodes, []byte{0x81, 0xc1, 0x81})
	w.frame(1, "["+strings.Repeat(publish(id, "/b", "1")+",", 99)+publish(id, "/b", "1")+"]")
	opcode, payload := w.readFrame()
	equal(t, opcode, 0xc1)
	equal(t, len(decode(t, inflatedText(t, payload))), 100)
}

// A compressed message may come in fragments with a ping between, and nothing of
// one is needed for the next.
func TestCompressedInput(t *testing.T) {
	t.Parallel()
	s := start(t, compressAbove(1))
	w := compressing(t, s)
	packed := deflated(t, `[{"channel":"/meta/handshake","id":"`+strings.Repeat("x", 50)+`"}]`)
	for range 2 {
		w.frame(0x41, packed)
		opcode, payload := w.readFrame()
		equal(t, opcode, 0xc1)
		equal(t, decode(t, inflatedText(t, payload))[0]["successful"], true)
	}
	w.fragment(0x41, packed[:10])
	w.frame(9, "between")
	w.fragment(0x80, packed[10:])
	opcode, payload := w.readFrame()
	equal(t, []any{opcode, payload}, []any{0x8a, "between"})
	opcode, payload = w.readFrame()
	equal(t, decode(t, inflatedText(t, payload))[0]["successful"], true)
	equal(t, opcode, 0xc1)
	w.frame(0x41, deflated(t, "[]"))
	_, payload = w.readFrame()
	equal(t, payload, "[]")
}

// fragment sends a masked frame with a first byte of any kind.
func (w *wire) fragment(first byte, payload string) {
	w.t.Helper()
	body := []byte(payload)
	for i := range body {
		body[i] ^= "abcd"[i%4]
	}
	w.send(string([]byte{first, 0x80 | byte(len(body))}) + "abcd" + string(body))
}

func TestCompressedFaults(t *testing.T) {
	t.Parallel()
	s := start(t, compressAbove(1))
	for name, row := range map[string]struct {
		payload string
		code    uint16
	}{
		"a bomb":         {deflated(t, strings.Repeat(" ", 1<<20)), 1009},
		"one too many":   {deflated(t, "["+strings.Repeat(" ", 64<<10-1)+"]"), 1009},
		"no deflate":     {"\xff\xff\xff\xff", 1007},
		"cut":            {deflated(t, `[{"channel":"/meta/handshake"}]`)[:10], 1007},
		"not UTF-8":      {deflated(t, "[\"\xff\"]"), 1007},
		"not JSON":       {deflated(t, "["), 1007},
		"nothing at all": {"", 1007},
	} {
		t.Run(name, func(t *testing.T) {
			w := compressing(t, s)
			w.frame(0x41, row.payload)
			w.mustCloseWith(row.code)
		})
	}
	t.Run("the most", func(t *testing.T) {
		w := compressing(t, s)
		w.frame(0x41, deflated(t, "["+strings.Repeat(" ", 64<<10-2)+"]"))
		_, payload := w.readFrame()
		equal(t, payload, "[]")
	})
	t.Run("not agreed", func(t *testing.T) {
		w := socketOf(t, s)
		w.frame(0x41, deflated(t, "[]"))
		w.mustCloseWith(1002)
	})
	equal(t, s.Stats().Panics, 0)
}

// A server that compresses nothing agrees to nothing.
func TestCompressionIsOff(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	w.send(upgradeRequest("Sec-WebSocket-Extensions: permessage-deflate\r\n"))
	equal(t, w.read().Header.Get("Sec-WebSocket-Extensions"), "")
}

// A client of somebody else's understands it all, whatever it offers.
func TestCompressionWithAClient(t *testing.T) {
	t.Parallel()
	s := start(t, compressAbove(200))
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	for _, mode := range []websocket.CompressionMode{
		websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover, websocket.CompressionDisabled,
	} {
		c, response, err := websocket.Dial(ctx, "ws://"+s.Addresses()[0]+"/bayeux", &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		equal(t, hasDeflate(response), mode != websocket.CompressionDisabled)
		c.SetReadLimit(1 << 20)
		ask := func(text string) []map[string]any {
			if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			_, payload, err := c.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return decode(t, string(payload))
		}
		id := ask(`[{"channel":"/meta/handshake"}]`)[0]["clientId"].(string)
		for n := range 20 {
			replies := ask("[" + strings.Repeat(publish(id, "/b", `"`+strings.Repeat("ü", 100)+`"`)+",", n) + publish(id, "/b", "1") + "]")
			equal(t, len(replies), n+1)
		}
		ask("[" + wsConnectNow(id) + "," + subscribe(id, fmt.Sprint("/", mode)) + "]")
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	}
}

func hasDeflate(response *http.Response) bool {
	return strings.Contains(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate")
}
