package loop

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
	"halley/loop/socket"
)

// moved opens a websocket for a session of another connection, and of another loop
// where there are many.
func moved(t testing.TB, s *Server) (w *wire, id string) {
	t.Helper()
	for range 2 * s.cfg.Loops { // accept spreads connections as it likes
		w, id = socketOf(t, s), dial(t, s).handshake()
	}
	equal(t, w.roundTrip(wsConnectNow(id))[0]["successful"], true)
	return w, id
}

// A subscribe that an authority thinks about is not overtaken by its own end, wherever
// the session lives; pings and heartbeats do not wait.
func TestSocketFramesInOrder(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			j := new(touchy)
			s := start(t, func(c *Config) {
				c.Loops, c.Authority, c.Heartbeat = loops, j, 100*time.Millisecond
			})
			w, id := moved(t, s)
			w.frame(1, wsConnect(id))
			eventually(t, func() bool { return isHeld(s, id) })
			w.frame(1, subscribe(id, "/wait"))
			w.frame(1, fmt.Sprintf(`{"channel":"/meta/unsubscribe","clientId":%q,"subscription":"/wait"}`, id))
			w.frame(1, publish(id, "/x", "1"))
			w.frame(9, "are you there?")
			verdict := j.next(t)
			for seen := map[byte]bool{}; len(seen) < 2; {
				opcode, payload := w.readFrame()
				if opcode != 0x89 && (opcode != 0x8a || payload != "are you there?") {
					t.Fatalf("frame %x: %s", opcode, payload)
				}
				seen[opcode] = true
			}
			verdict(bayeux.Allow)
			for _, channel := range []string{"/meta/subscribe", "/meta/unsubscribe", "/x"} {
				reply := w.textOf()
				equal(t, []any{reply[0]["channel"], reply[0]["successful"]}, []any{channel, true})
			}
			set := s.interest.Of("/wait")
			equal(t, set.Empty(), true)
			equal(t, isHeld(s, id), true)
		})
	}
}

// textOf is the next text, over pings.
func (w *wire) textOf() []map[string]any {
	w.t.Helper()
	for {
		if opcode, payload := w.readFrame(); opcode == 0x81 {
			return decode(w.t, payload)
		}
	}
}

// While a slow disk stores the first message of a batch, what comes behind it waits
// for the rest of it; many publishes share one wait.
func TestSocketFramesBehindTheDisk(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			d := &faultyDisk{gate: make(chan struct{})}
			s := start(t, func(c *Config) {
				c.Loops, c.Rules, c.HistorySync = loops, []string{"/h history=100"}, "always"
				c.HistoryFile, c.disk = filepath.Join(t.TempDir(), "history"), d.under
			})
			w, id := moved(t, s)
			const publishes = 20
			for n := range publishes {
				w.frame(1, publish(id, "/h", fmt.Sprint(n)))
			}
			w.frame(1, "["+publish(id, "/h", `"last"`)+","+subscribe(id, "/a")+"]")
			w.frame(1, fmt.Sprintf(`{"channel":"/meta/unsubscribe","clientId":%q,"subscription":"/a"}`, id))
			eventually(t, func() bool { return appended(s) == publishes+1 })
			close(d.gate)
			for range publishes {
				equal(t, w.text()[0]["successful"], true)
			}
			got := w.text()
			equal(t, []any{got[0]["channel"], got[1]["channel"]}, []any{"/h", "/meta/subscribe"})
			equal(t, w.text()[0]["channel"], "/meta/unsubscribe")
			set := s.interest.Of("/a")
			equal(t, set.Empty(), true)
		})
	}
}

// waitsInCores is what of websockets waits in the cores of all loops.
func waitsInCores(t testing.TB, s *Server) (bytes int) {
	s.visit(t.Context(), func(r *reactor) {
		for _, l := range r.backlogs {
			bytes += l.bytes
		}
	})
	return bytes
}

// sendOn sends so many large publishes while a subscribe waits for its verdict.
func sendOn(t testing.TB, s *Server, w *wire, id string, frames int) (sent chan error) {
	w.frame(1, subscribe(id, "/wait"))
	sent = make(chan error, 1)
	go func() {
		frame := maskedFrame(1, publish(id, "/x", `"`+strings.Repeat("x", s.ahead()/4)+`"`))
		_, err := io.WriteString(w.Conn, strings.Repeat(frame, frames))
		sent <- err
	}()
	return sent
}

// A client that sends on and on while its batch waits is not read from any more when
// much has come, wherever its session lives. It is not cut off, and nothing is lost.
func TestSocketTooFarAhead(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s, j := startJudged(t, loops)
			w, id := moved(t, s)
			const frames = 400
			sent := sendOn(t, s, w, id, frames)
			verdict := j.next(t)
			eventually(t, func() bool { return waitsInCores(t, s) >= s.ahead() })
			equal(t, waitsInCores(t, s) < s.ahead()+s.cfg.MaxMessage+frameCost, true)
			verdict(bayeux.Allow)
			equal(t, w.text()[0]["channel"], any("/meta/subscribe"))
			for range frames {
				equal(t, w.text()[0]["successful"], any(true))
			}
			equal(t, <-sent, nil)
			equal(t, s.Stats().Floods, 0)
			equal(t, waitsInCores(t, s), 0)
		})
	}
}

// Where reading cannot be paused such a client is cut off, and told why.
func TestSocketTooFarAheadWithoutPause(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t, 1)
	w, id := moved(t, s)
	s.visit(t.Context(), func(r *reactor) { r.input.poller = socket.NoPoller })
	sendOn(t, s, w, id, 400)
	verdict := j.next(t)
	w.mustCloseWith(1008)
	equal(t, s.Stats().Floods, 1)
	verdict(bayeux.Allow)
	eventually(t, func() bool { set := s.interest.Of("/wait"); return !set.Empty() && waitsInCores(t, s) == 0 })
	equal(t, s.Stats().Panics, 0)
}

// What a client sent before it closed is handled, though it had to wait.
func TestSocketClosesBehindItsFrames(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t, 1)
	listener := dial(t, s)
	home := listener.subscriber("/x")
	w, id := moved(t, s)
	w.frame(1, subscribe(id, "/wait"))
	w.frame(1, publish(id, "/x", "1"))
	w.frame(8, "\x03\xe8")
	verdict := j.next(t)
	w.mustCloseWith(1000)
	verdict(bayeux.Allow)
	equal(t, listener.collect(home, 1), []string{"1"})
}
