package loop

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"halley/bayeux/queue"
)

const (
	slowReaders  = 20
	slowSize     = 4 << 10
	slowQueue    = 512 << 10 // bytes of each session's queue
	slowChannels = 8
	slowWindow   = 24 // events that the healthy readers may be behind
)

// stalledReader does not read for a while.
type stalledReader struct {
	*wire
	kind string
	id   string
	home *wire
}

// stallAll opens readers of every kind, on small receive buffers.
func stallAll(t testing.TB, s *Server) (readers []*stalledReader) {
	home := dial(t, s)
	home.SetDeadline(time.Now().Add(6 * deadline))
	for n := range slowReaders {
		kind := []string{"websocket", "xhr-streaming", "events", "eventsource"}[n%4]
		r := &stalledReader{wire: dialSlow(t, s), kind: kind, home: home}
		r.SetDeadline(time.Now().Add(6 * deadline))
		request := getRequest("/events?channel=/stock/*", "")
		if kind != "events" {
			r.id = home.subscriber("/stock/*")
			request = streamRequests(r.id)[kind]
		}
		if kind == "eventsource" {
			home.hears(r.id)
		}
		if kind == "websocket" {
			r.send(upgradeRequest(""))
			r.read()
			r.roundTrip(wsConnectNow(r.id))
		} else {
			r.send(request)
		}
		readers = append(readers, r)
	}
	return readers
}

// market publishes count events of slowSize bytes, a channel after the other. It
// goes as fast as the healthy readers, a websocket and an event-stream, follow:
// they get every event.
func market(t testing.TB, s *Server, count int) {
	t.Helper()
	w, _ := socketSubscriber(t, s, "/stock/*")
	w.SetDeadline(time.Now().Add(6 * deadline))
	w.frame(1, wsConnect("")) // refused: nothing but events from here on
	w.text()
	plain := dial(t, s)
	plain.SetDeadline(time.Now().Add(6 * deadline))
	_, in := plain.openStream(getRequest("/events?channel=/stock/*", ""))
	progress := make(chan int, 2*count)
	go healthy(t, count, progress, func() string {
		_, text := w.readFrame()
		return text
	})
	go healthy(t, count, progress, func() string { return line(t, in) })
	pad := strings.Repeat("x", slowSize)
	for n, done := 0, 0; n < count; n++ {
		mustPublish(t, s, fmt.Sprint("/stock/", n%slowChannels), fmt.Sprintf(`"%d %s"`, n, pad))
		for ; done < 2*(n-slowWindow); done++ {
			<-progress
		}
	}
	for range 2 * slowWindow {
		<-progress
	}
}

// healthy reads the events of a market and tells of each.
func healthy(t testing.TB, count int, progress chan<- int, next func() string) {
	for n := 0; n < count; {
		for _, message := range strings.Split(next(), `"data":"`)[1:] { // quicker than JSON
			if got := number(message); got != n {
				t.Errorf("event %d comes after %d", got, n-1)
				n = got
			}
			progress <- n
			n++
		}
	}
}

func number(data string) int {
	n, _ := strconv.Atoi(strings.Fields(strings.Trim(data, `"`))[0])
	return n
}

// heap is the size of what lives.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Readers that never read cost less than their queues, and others none of their
// events. Those that read again have, under every policy, what it promises.
func TestStalledReaders(t *testing.T) {
	for _, policy := range []string{"drop-oldest", "conflate", "disconnect"} {
		t.Run(policy, func(t *testing.T) {
			s := start(t, func(c *Config) {
				c.Loops, c.Slow, c.QueueBytes, c.StreamBytes = 2, queue.Policy(policy), slowQueue, 1<<30
			})
			readers := stallAll(t, s)
			eventually(t, func() bool { return s.Stats().Sessions == slowReaders })
			before := heap()
			begin := time.Now()
			market(t, s, stalledEvents)
			if grown := heap() - before; grown > slowReaders*slowQueue {
				t.Errorf("%d bytes more in use, the queues may have %d", grown, slowReaders*slowQueue)
			} else {
				t.Logf("%d bytes more in use; %v for %d events", grown, time.Since(begin), stalledEvents)
			}
			st := s.Stats()
			equal(t, st.SlowClosed+st.Panics, 0)
			for _, r := range readers[:4] {
				r.Conn.(*net.TCPConn).SetReadBuffer(1 << 20)
				r.mustRecover(policy, stalledEvents)
			}
		})
	}
}

// mustRecover reads all that waited.
func (r *stalledReader) mustRecover(policy string, count int) {
	r.t.Helper()
	newest, told, ended := make(map[int]int), uint64(0), false
	for next := r.texts(); !ended && (len(newest) < slowChannels || newest[(count-1)%slowChannels] != count-1); {
		text, err := next()
		told += dropped(text)
		ended = err != nil || strings.Contains(text, "/meta/disconnect")
		for _, message := range strings.Split(text, `"data":"`)[1:] {
			n := number(message)
			if last, seen := newest[n%slowChannels]; seen && n <= last {
				r.t.Errorf("%s: event %d after %d", r.kind, n, last)
			}
			newest[n%slowChannels] = n
		}
	}
	if policy == "disconnect" {
		equal(r.t, ended, true)
		return
	}
	for channel := range slowChannels {
		if want := count - slowChannels + channel; newest[channel] != want {
			r.t.Errorf("%s: the newest of channel %d is %d, want %d", r.kind, channel, newest[channel], want)
		}
	}
	switch r.kind {
	case "websocket": // on its next connect
		r.frame(1, wsConnectNow(r.id))
		_, text := r.readFrame()
		told += dropped(text)
	case "eventsource":
		r.home.send(post(strings.Replace(connect(r.id), "long-polling", "eventsource", 1)))
		told += dropped(r.home.read().body)
	}
	if told == 0 {
		r.t.Errorf("%s: nobody told of what was dropped", r.kind)
	}
}

// dropped is how many events a text says were lost. An event-stream for clients
// without Bayeux says so in an event named gap.
func dropped(text string) (n uint64) {
	_, counts, _ := strings.Cut(text, `"dropped":{`)
	counts, _, _ = strings.Cut(counts, "}")
	for _, pair := range strings.Split(counts, ",") {
		k, _ := strconv.ParseUint(pair[strings.LastIndexByte(pair, ':')+1:], 10, 64)
		n += k
	}
	return n
}

// texts reads what the stream holds, piece by piece.
func (r *stalledReader) texts() func() (string, error) {
	if r.kind == "websocket" {
		return func() (string, error) {
			_, text, err := r.tryFrame()
			return text, err
		}
	}
	response, err := http.ReadResponse(r.in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	in := bufio.NewReaderSize(response.Body, 64<<10)
	gap := false
	return func() (string, error) {
		text, err := in.ReadString('\n')
		if r.kind == "events" && dropped(text) > 0 != gap {
			r.t.Errorf("gap %v before %.100s", gap, text)
		}
		gap = text == "event: gap\n"
		return text, err
	}
}
