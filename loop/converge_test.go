package loop

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Subscribers that take little see every price of each symbol in order, not all of
// them, and end with the last: by rule or by their own wish, by polls with pauses or
// on a stream.
func TestSlowSubscribersConverge(t *testing.T) {
	t.Parallel()
	const symbols, prices = 4, 500
	s := start(t, func(c *Config) {
		c.Loops = 2
		c.Rules = []string{"/conflate/** conflate", "/rate/** rate=10/s", "/snapshot/** conflate rate=10/s snapshot"}
	})
	var clients sync.WaitGroup
	begin := make(chan struct{})
	var published atomic.Int64
	for _, tt := range []struct{ root, ext string }{
		{"/conflate", ""}, {"/rate", ""}, {"/snapshot", ""}, {"/plain", `,"ext":{"conflate":{"interval":100}}`},
	} {
		for _, streams := range []bool{false, true} {
			w := dial(t, s)
			id := w.handshake()
			w.bayeux("[" + connect(id) + "," + strings.Replace(subscribe(id, tt.root+"/*"), "}", tt.ext+"}", 1) + "]")
			clients.Go(func() {
				<-begin
				begun := time.Now()
				last, got := follow(w, id, streams, symbols, prices, &published)
				for name, price := range last {
					if price != prices-1 {
						t.Errorf("%s ends at %d", name, price)
					}
				}
				most := max(prices/2, int(time.Since(begun)/(100*time.Millisecond))+2) // of each, by the rate if it takes so long
				if len(last) != symbols || !(streams && tt.root == "/conflate") && got > symbols*most {
					t.Errorf("%s, stream %v: %d symbols, %d prices", tt.root, streams, len(last), got)
				}
			})
		}
	}
	close(begin)
	for n := range prices {
		for _, root := range []string{"/conflate", "/rate", "/snapshot", "/plain"} {
			for symbol := range symbols {
				mustPublish(t, s, fmt.Sprintf("%s/%d", root, symbol), fmt.Sprint(n))
			}
		}
		published.Add(1)
		time.Sleep(time.Millisecond)
	}
	clients.Wait()
	// Who comes late has the last prices at once.
	w := dial(t, s)
	id := w.handshake()
	equal(t, events(w.join(id, subscribe(id, "/snapshot/*"))), []string{"499", "499", "499", "499"})
}

// follow takes prices, by polls with pauses between, in which more are published, or on a stream, until it has
// the last of each symbol, which must not take for ever.
func follow(w *wire, id string, streams bool, symbols, prices int, published *atomic.Int64) (last map[string]int, got int) {
	last = make(map[string]int)
	next := func() []map[string]any {
		const pause = 25
		for until := min(int64(prices), published.Load()+pause); published.Load() < until; {
			time.Sleep(time.Millisecond)
		}
		return w.bayeux(connect(id))
	}
	if streams {
		_, in := w.openStream(streamConnect(id, "xhr-streaming"))
		next = func() (messages []map[string]any) {
			if text := line(w.t, in); strings.HasPrefix(text, "[") {
				messages = decode(w.t, text)
			}
			return messages
		}
	}
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		done := 0
		for _, m := range next() {
			name := m["channel"].(string)
			if strings.HasPrefix(name, "/meta/") {
				continue
			}
			var price int
			fmt.Sscan(fmt.Sprint(m["data"]), &price)
			if before, known := last[name]; known && price <= before {
				w.t.Errorf("%s is %d after %d", name, price, before)
			}
			last[name] = price
			got++
		}
		for _, price := range last {
			if price == prices-1 {
				done++
			}
		}
		if done == symbols {
			break
		}
	}
	return last, got
}
