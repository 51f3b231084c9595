package loop

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"halley/httpparse/websocket"
)

const (
	halfInput = 60_000 // bytes of a request or message that is longer
	halfHead  = "POST /bayeux HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
)

// halfInputs are clients that have each sent most of a message, in every way that there is.
func halfInputs(t *testing.T, s *Server) (chunks, length, frame *wire) {
	t.Helper()
	much := strings.Repeat(" ", halfInput)
	chunks, length, frame = dial(t, s), dial(t, s), socketOf(t, s)
	chunks.send(halfHead + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", halfInput, much))
	length.send(halfHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", halfInput+1) + much)
	frame.send("\x81\xfe" + string([]byte{(halfInput + 1) >> 8, (halfInput + 1) & 0xff}) + "\x00\x00\x00\x00" + much)
	return chunks, length, frame
}

// What has come of a request or message counts in whatever buffer it waits, and is given
// up where memory is short: with an answer, where there can be one.
func TestInputIsShed(t *testing.T) {
	s, use := strained(t, &logged{})
	ahead := dial(t, s)
	ahead.holdConnect(s, ahead.subscriber("/a"))
	ahead.send(halfHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", halfInput) + strings.Repeat(" ", halfInput))
	chunks, length, frame := halfInputs(t, s)
	eventually(t, func() bool { return s.Stats().Kept.Input >= 4*halfInput })
	use(85)
	equal(t, chunks.read().StatusCode, 503)
	equal(t, length.read().StatusCode, 503)
	frame.mustCloseWith(uint16(websocket.CodeTryLater))
	ahead.mustEnd()
	for _, w := range []*wire{chunks, length, frame} {
		w.Close()
	}
	eventually(t, func() bool { return s.Stats().Kept.Input == 0 })
	equal(t, s.Stats().SlowClosed, 2)
}

// Nor is it taken at all while memory is full.
func TestInputIsNotTakenWhileMemoryIsFull(t *testing.T) {
	ballast := make([]byte, 64<<20)
	defer runtime.KeepAlive(ballast)
	s := start(t, func(c *Config) { c.MaxMemory = 32 << 20 })
	eventually(t, s.memory.full.Load)
	chunks, length, frame := halfInputs(t, s)
	equal(t, chunks.read().StatusCode, 503)
	equal(t, length.read().StatusCode, 503)
	frame.mustCloseWith(uint16(websocket.CodeTryLater))
}
