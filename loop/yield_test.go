package loop

import (
	"fmt"
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
			for i, turns := range st.Turns {
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
