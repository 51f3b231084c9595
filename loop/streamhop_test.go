package loop

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	hopSessions = 4
	hopEvents   = 300                   // at least
	hopEvery    = 10 * time.Millisecond // between events
	hopStay     = 120 * time.Millisecond
)

// hopOrder is the way of the sessions through the connection types.
var hopOrder = []string{"long-polling", "websocket", "eventsource", "callback-polling", "xhr-streaming", "iframe"}

// hopper is a session that goes from one connection type to the next. Its old
// connections stay open and are read to the end.
type hopper struct {
	s  *Server
	t  testing.TB
	id string

	hops    atomic.Int32 // connections that have taken over
	mu      sync.Mutex
	seen    map[int]string // where each event came
	readers sync.WaitGroup
}

// lane is one connection of a hopper.
type lane struct {
	*hopper
	*wire
	name   string
	newest int
	asking sync.Mutex
	asked  bool          // a connect is outstanding
	left   bool          // the session goes elsewhere: no further connects
	took   chan struct{} // closed when the connection has taken over
	once   sync.Once
}

// note takes messages of a lane: each event must be newer than those before it on
// this connection, and new to the session.
func (l *lane) note(messages []map[string]any) {
	l.once.Do(func() { close(l.took) })
	for _, data := range events(messages) {
		n, _ := strconv.Atoi(data)
		if n <= l.newest {
			l.hopper.t.Errorf("%s: event %d after %d", l.name, n, l.newest)
		}
		l.newest = n
		l.mu.Lock()
		if where, double := l.seen[n]; double {
			l.hopper.t.Errorf("event %d on %s and on %s", n, where, l.name)
		}
		l.seen[n] = l.name
		l.mu.Unlock()
	}
}

// Sessions move through all connection types under a steady feed, each old
// connection left open until the new one has taken over and beyond: every event
// comes once, on each connection in order.
func TestHop(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 4 })
	var hoppers []*hopper
	for range hopSessions {
		h := &hopper{s: s, t: t, id: dial(t, s).subscriber("/feed"), seen: make(map[int]string)}
		hoppers = append(hoppers, h)
	}
	var all atomic.Int32
	var hops sync.WaitGroup
	for _, h := range hoppers {
		hops.Go(func() { h.run(&all) })
	}
	late := func(h *hopper) bool { return int(h.hops.Load()) < len(hopOrder) }
	sent := 0
	for end := time.Now().Add(deadline); sent < hopEvents || slices.ContainsFunc(hoppers, late) && time.Now().Before(end); time.Sleep(hopEvery) {
		sent++
		mustPublish(t, s, "/feed", strconv.Itoa(sent))
	}
	all.Store(int32(sent))
	hops.Wait()
	st := s.Stats()
	equal(t, []uint64{st.Panics, st.QueueDropped, st.FrameErrors}, []uint64{0, 0, 0})
	equal(t, st.Delivered, hopSessions*sent)
}

// run hops until it is known how many events there are in all, since the feed is done, then waits for the rest of them.
func (h *hopper) run(all *atomic.Int32) {
	var lanes []*lane
	for n := 0; all.Load() == 0; n++ {
		if n > 0 {
			lanes[n-1].leave()
		}
		l := h.open(hopOrder[n%len(hopOrder)], n)
		lanes = append(lanes, l)
		select {
		case <-l.took:
		case <-time.After(deadline):
			h.t.Errorf("%s does not take over", l.name)
			return
		}
		h.hops.Add(1)
		time.Sleep(hopStay)
	}
	want, end := int(all.Load()), time.Now().Add(deadline)
	for h.count() < want && time.Now().Before(end) {
		time.Sleep(5 * time.Millisecond)
	}
	if n := h.count(); n != want {
		h.t.Errorf("%d events of %d after %d hops", n, want, len(lanes))
	}
	for _, l := range lanes {
		l.leave()
		l.Close()
	}
	h.readers.Wait()
	if len(lanes) < len(hopOrder) {
		h.t.Errorf("%d hops only", len(lanes))
	}
}

// ask sends a connect, unless the session goes elsewhere.
func (l *lane) ask(text string) bool {
	l.asking.Lock()
	defer l.asking.Unlock()
	if l.left {
		return false
	}
	_, err := io.WriteString(l.Conn, text)
	l.asked = err == nil
	return l.asked
}

// answered notes that the connect is not outstanding any more.
func (l *lane) answered() {
	l.asking.Lock()
	defer l.asking.Unlock()
	l.asked = false
}

// leave lets the lane send no further connects, and waits until the server has got
// the last one: on its way behind the next lane's it would take the session back.
func (l *lane) leave() {
	l.asking.Lock()
	done := l.left
	l.left = true
	l.asking.Unlock()
	if done {
		return
	}
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		l.asking.Lock()
		asked := l.asked
		l.asking.Unlock()
		if !asked || isHeld(l.s, l.id) {
			return
		}
	}
}

func (h *hopper) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen)
}

// open opens a connection of the type and reads it in the background.
func (h *hopper) open(kind string, n int) *lane {
	l := &lane{hopper: h, wire: dial(h.t, h.s), name: fmt.Sprint(kind, " ", n), took: make(chan struct{})}
	l.SetDeadline(time.Now().Add(6 * deadline))
	read := map[string]func(){"long-polling": l.longPolling, "websocket": l.webSocket, "callback-polling": l.callbackPolling}[kind]
	if read == nil {
		read = func() { l.stream(kind) }
	}
	h.readers.Go(read)
	return l
}

// longPolling polls. An abandoned poll ends with its connection.
func (l *lane) longPolling() {
	for l.ask(post(connect(l.id))) && l.poll() {
	}
}

func (l *lane) callbackPolling() {
	message := url.QueryEscape(strings.Replace(connect(l.id), "long-polling", "callback-polling", 1))
	for l.ask(getRequest("/bayeux?jsonp=f&message="+message, "")) && l.poll() {
	}
}

// poll reads the reply to a connect.
func (l *lane) poll() bool {
	defer l.answered()
	a, err := l.tryRead()
	if err != nil || a.StatusCode != 200 {
		return false
	}
	l.note(decode(l.hopper.t, strings.TrimSuffix(strings.TrimPrefix(a.body, "/**/f("), ");")))
	return true
}

func (l *lane) webSocket() {
	l.Conn.Write([]byte(upgradeRequest("")))
	if a, err := l.tryRead(); err != nil || a.StatusCode != 101 {
		l.hopper.t.Errorf("upgrade: %v %v", a.Response, err)
		return
	}
	for again := true; again; {
		l.ask(maskedFrame(1, wsConnect(l.id)))
		for again = false; !again; {
			messages, err := l.tryText()
			if err != nil {
				return
			}
			l.note(messages)
			again = slices.ContainsFunc(messages, func(m map[string]any) bool { return m["channel"] == "/meta/connect" })
		}
		l.answered()
	}
}

// stream reads an event-stream or the stream that a connect opens.
func (l *lane) stream(kind string) {
	request := streamConnect(l.id, kind)
	if kind == "eventsource" {
		request = getRequest("/bayeux/"+l.id, "Accept: text/event-stream\r\n")
	}
	l.Conn.Write([]byte(request))
	response, err := http.ReadResponse(l.in, nil)
	if err != nil || response.StatusCode != 200 {
		l.hopper.t.Errorf("%s: %v %v", l.name, response, err)
		return
	}
	l.note(nil)
	for {
		text, err := readLine(response.Body)
		if err != nil {
			return
		}
		text = strings.TrimPrefix(strings.TrimPrefix(text, "data: "), "<script>d(")
		text = strings.TrimSuffix(text, ")</script>")
		if strings.HasPrefix(text, "[") {
			l.note(decode(l.hopper.t, text))
		}
	}
}

// readLine reads a line without its end.
func readLine(in io.Reader) (string, error) {
	var text []byte
	for b := make([]byte, 1); ; {
		if _, err := io.ReadFull(in, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(text), nil
		}
		text = append(text, b[0])
	}
}

// tryText reads text frames up to the next one, and answers none.
func (l *lane) tryText() ([]map[string]any, error) {
	for {
		opcode, payload, err := l.tryFrame()
		if err != nil {
			return nil, err
		}
		if opcode == 0x81 {
			return decode(l.hopper.t, payload), nil
		}
	}
}
