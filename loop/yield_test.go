package loop

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// tiring starts a server whose turns may do little.
func tiring(t *testing.T, loops int) *Server {
	return start(t, func(c *Config) { c.Loops, c.TurnWork = loops, 100 })
}

// publishBatch is a batch of so many events to a channel.
func publishBatch(id, channel string, n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"channel":%q,"clientId":%q,"data":%d,"id":"%d"}`, channel, id, i, i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// A batch that wants much work is handled over many turns and answered once, in order,
// also where its session lives on another loop; what it brought arrives in order.
func TestBatchMakesWay(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := tiring(t, loops)
			home := dial(t, s)
			id := home.subscriber("/a")
			for range 20 {
				dial(t, s).subscriber("/a")
			}
			for range 3 {
				c := dial(t, s) // on any loop
				next := 0
				for _, m := range c.bayeux(publishBatch(id, "/a", 100)) {
					if m["id"] != nil {
						equal(t, fmt.Sprintf("%v %v", m["id"], m["successful"]), fmt.Sprintf("%d true", next))
						next++
					}
				}
				equal(t, next, 100)
			}
			st := s.Stats()
			equal(t, int(st.Published), 300)
			if st.Yields < 3 { // one for each batch, wherever the kernel put the subscribers
				t.Errorf("%d batches made way", st.Yields)
			}
			for i, turns := range st.Loops {
				if turns.MostWork > 600 {
					t.Errorf("loop %d did %d units of work in one turn", i, turns.MostWork)
				}
			}
		})
	}
}

// The rest of a batch whose client has gone is not handled.
func TestBatchOfGoneClientStops(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := tiring(t, loops)
			home := dial(t, s)
			id := home.subscriber("/a")
			for range 50 {
				dial(t, s).subscriber("/a")
			}
			for range 3 {
				c := dial(t, s)
				body := publishBatch(id, "/a", 400)
				fmt.Fprintf(c, "POST /bayeux HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				eventually(t, func() bool { return s.Stats().Yields > 0 })
				c.Close()
			}
			last := uint64(0)
			eventually(t, func() bool {
				before := last
				last = s.Stats().Published
				time.Sleep(10 * time.Millisecond)
				return before == last
			})
			// Others are served, and nothing is left behind.
			equal(t, s.Stats().Panics, 0)
			reply := dial(t, s).bayeux(publishBatch(id, "/a", 1))
			equal(t, reply[len(reply)-1]["successful"], any(true))
		})
	}
}

// mustAnswer reads the replies to publishes with ids from 0 on, in order.
func (w *wire) mustAnswer(count int) {
	w.t.Helper()
	for next := 0; next < count; {
		for _, m := range w.textOf() {
			if m["id"] != nil {
				equal(w.t, fmt.Sprintf("%v %v", m["id"], m["successful"]), fmt.Sprintf("%d true", next))
				next++
			}
		}
	}
}

// A websocket's batches make way as well, large ones and many small ones that came at
// once, wherever the session lives. Their order is kept, and a client that goes on to
// send meanwhile is not cut off but not read from.
func TestFramesMakeWay(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *Config) { c.Loops, c.TurnWork, c.MaxMessage, c.MaxHeader = loops, 100, 8<<10, 2<<10 })
			for range 20 {
				dial(t, s).subscriber("/a")
			}
			w, id := moved(t, s)
			// A batch, then small frames of many times what may wait.
			const batch, frames = 50, 1000
			text := new(strings.Builder)
			text.WriteString(maskedFrame(1, publishBatch(id, "/a", batch)))
			for i := range frames {
				text.WriteString(maskedFrame(1, fmt.Sprintf(`{"channel":"/a","clientId":%q,"data":1,"id":"%d"}`, id, batch+i)))
			}
			sent := make(chan error, 1)
			go func() {
				_, err := io.WriteString(w.Conn, text.String())
				sent <- err
			}()
			w.mustAnswer(batch + frames)
			equal(t, <-sent, nil)
			st := s.Stats()
			equal(t, []uint64{st.Published, st.Floods, st.Abandoned, st.Panics}, []uint64{batch + frames, 0, 0, 0})
			equal(t, waitsInCores(t, s), 0)
			if st.Yields == 0 {
				t.Error("no batch made way")
			}
			for i, turns := range st.Loops {
				if turns.MostWork > 300 {
					t.Errorf("loop %d did %d units of work in one turn", i, turns.MostWork)
				}
			}
		})
	}
}

// What a websocket's client sent before it took its leave is handled, though it made way.
func TestFramesBeforeACloseMakeWay(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := tiring(t, loops)
			for range 50 {
				dial(t, s).subscriber("/a")
			}
			w, id := moved(t, s)
			w.send(strings.Repeat(maskedFrame(1, publishBatch(id, "/a", 100)), 2) + maskedFrame(8, "\x03\xe8"))
			w.mustCloseWith(1000)
			w.Close()
			eventually(t, func() bool { return s.Stats().Published == 200 && waitsInCores(t, s) == 0 })
		})
	}
}

// The rest of a websocket's batches is given up when it goes without leave.
func TestFramesOfGoneClientStop(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		t.Run(fmt.Sprint(loops), func(t *testing.T) {
			t.Parallel()
			s := tiring(t, loops)
			for range 50 {
				dial(t, s).subscriber("/a")
			}
			w, id := moved(t, s)
			connections := s.connections.Load()
			goOn := standStill(s, loopOf(t, id))
			w.send(strings.Repeat(maskedFrame(1, publishBatch(id, "/a", 400)), 4))
			w.Close()
			goOn()
			eventually(t, func() bool { return s.connections.Load() == connections-1 && waitsInCores(t, s) == 0 })
			if st := s.Stats(); st.Published >= 1600 {
				t.Errorf("%d events were published", st.Published)
			}
		})
	}
}

// Pings that come by the thousand in one read are answered over many turns.
func TestPingsMakeWay(t *testing.T) {
	t.Parallel()
	const pings = 5000
	s := tiring(t, 1)
	w := socketOf(t, s)
	w.send(strings.Repeat(maskedFrame(9, "x"), pings))
	for range pings {
		opcode, payload := w.readFrame()
		equal(t, fmt.Sprintf("%x %s", opcode, payload), "8a x")
	}
	if most := s.Stats().Loops[0].MostWork; most < 100 || most > 200 {
		t.Errorf("a turn did %d units of work", most)
	}
}
