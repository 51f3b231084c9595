package loop

import (
	"net"
	"strings"
	"testing"
)

// drip writes a byte at a time and lets the server see each of the first ones
// before the next: a look at its counters comes after the input of the round.
type drip struct {
	net.Conn
	s *Server
}

func (d drip) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := d.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
		if i < 16 {
			d.s.Stats()
		}
	}
	return len(p), nil
}

// Frames of a websocket are understood in any pieces, headers of every length
// included.
func TestWebSocketInPieces(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	w, id := socketSubscriber(t, s, "/a")
	w.Conn = drip{w.Conn, s}
	for _, size := range []int{0, 200} {
		data := `"` + strings.Repeat("x", size) + `"`
		w.frame(1, publish(id, "/a", data))
		got := w.text()
		if len(events(got)) == 0 {
			got = append(got, w.text()...)
		}
		equal(t, events(got), []string{data})
		for len(got) < 2 {
			got = append(got, w.text()...)
		}
		w.frame(9, "ping")
		_, payload := w.readFrame()
		equal(t, payload, "ping")
	}
}
