package client

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// moving starts a client by one connection type and sends it to another when the
// fake says so.
func moving(t *testing.T, f *fake, from, to string, when <-chan struct{}) (k *collect, stop func()) {
	t.Helper()
	var told []error
	c, k, end := runs(t, f, Options{ConnectionTypes: []string{from}, OnError: func(err error) { told = append(told, err) }})
	await(t, when, "the time to move")
	if err := c.Use(to); err != nil {
		t.Fatal(err)
	}
	return k, func() {
		t.Helper()
		end()
		if c.ConnectionType() != to || c.ID() != "c1" || len(told) > 0 {
			t.Errorf("session %s by %s, told %v", c.ID(), c.ConnectionType(), told)
		}
	}
}

// held is closed when the second connect is there, which is held.
func held(f *fake) <-chan struct{} {
	there := make(chan struct{})
	go func() {
		for connects := 0; connects < 2; {
			if <-f.seen == "/meta/connect" {
				connects++
			}
		}
		close(there)
	}()
	return there
}

// What a poll still brings comes before what the websocket has brought already.
func TestMoveFromPollToWebSocket(t *testing.T) {
	pushed := make(chan struct{})
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: pushHandshake}},
		"/meta/subscribe": {{reply: okSub}},
		"/meta/connect":   {{reply: okConnect}, {hold: pushed, reply: delivery("/a", "1")}, {reply: okConnect}},
	})
	f.socket = func(p *peer) {
		p.answer("/meta/connect", okConnect)
		p.send(push("2"))
		time.Sleep(10 * time.Millisecond)
		close(pushed)
		p.expect("/meta/connect")
		p.send(push("3"))
		p.gone()
	}
	k, stop := moving(t, f, "long-polling", "websocket", held(f))
	for _, want := range []string{"1", "2", "3"} {
		k.wait(t, want)
	}
	stop()
}

// The socket stays until all that the server sent on it before the move is read.
func TestMoveFromWebSocketToPoll(t *testing.T) {
	ready := make(chan struct{})
	f := newFake(t, map[string][]step{
		"/meta/connect": {{reply: delivery("/a", "2")}, {reply: delivery("/a", "3")}, {hold: make(chan struct{})}},
	})
	closed := make(chan struct{})
	f.socket = func(p *peer) {
		p.greet()
		p.expect("/meta/connect")
		close(ready)
		fence := `[{"channel":"/meta/unsubscribe","id":$1,"successful":false,"error":"404::no"}]`
		p.answer("/meta/unsubscribe", fence) // the connect has arrived
		ids := p.expect("/meta/unsubscribe")
		p.send(push("1"))
		p.send(fence, ids...)
		p.gone()
		close(closed)
	}
	k, stop := moving(t, f, "websocket", "long-polling", ready)
	for _, want := range []string{"1", "2", "3"} {
		k.wait(t, want)
	}
	await(t, closed, "the end of the connection")
	stop()
	if got := f.bodies(`"timeout":0`); len(got) != 1 || !strings.Contains(got[0], `"clientId":"c1"`) {
		t.Errorf("connects that are not to be held: %q", got)
	}
}

// A stream is read to its end, which comes when the server has moved.
func TestMoveFromEventSourceToWebSocket(t *testing.T) {
	f, pushed, beat := newFake(t, streamScript()), make(chan struct{}), make(chan struct{}, 100)
	f.steps["/meta/connect"][1].then = func() { beat <- struct{}{} }
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		emit(w, ":\n\n")
		await(t, pushed, "the events by the websocket")
		emit(w, "data: "+push("1")+"\n\n")
	}
	f.socket = func(p *peer) {
		p.answer("/meta/connect", okConnect)
		p.send(push("2"))
		close(pushed)
		p.gone()
	}
	k, stop := moving(t, f, "eventsource", "websocket", beat)
	k.wait(t, "1")
	k.wait(t, "2")
	stop()
}

// The server does not end a stream whose client polls. The client does, when what is
// on its way there has come, however long that takes beside the poll's events.
func TestMoveFromEventSourceToPoll(t *testing.T) {
	f, moved, beat, ended := newFake(t, streamScript()), make(chan struct{}), make(chan struct{}, 100), make(chan struct{})
	f.steps["/meta/connect"] = []step{
		{reply: okConnect},
		{reply: heartbeat, then: func() { beat <- struct{}{} }},
		{reply: delivery("/a", "3"), then: func() { close(moved) }},
		{hold: make(chan struct{})},
	}
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		emit(w, ":\n\n")
		await(t, moved, "the poll")
		for _, data := range []string{"1", "2"} {
			time.Sleep(maxTransit / 50)
			emit(w, "data: "+push(data)+"\n\n")
		}
		<-r.Context().Done()
		close(ended)
	}
	c, k, stop := runs(t, f, Options{ConnectionTypes: []string{"eventsource"}, NetworkDelay: time.Hour})
	await(t, beat, "a heartbeat")
	if err := c.Use("long-polling"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2", "3"} {
		k.wait(t, want)
	}
	await(t, ended, "the end of the stream")
	stop()
}

// A stream is still when nothing has come by it for a while, and all is handled.
func TestLaneIsStill(t *testing.T) {
	l, ended, done := newInbox().newLane(), make(chan struct{}), make(chan struct{})
	l.paused = true
	go func() {
		l.awaitStill(time.Millisecond, ended)
		close(done)
	}()
	for range 20 {
		time.Sleep(time.Millisecond)
		select {
		case <-done:
			t.Fatal("still while it is not read from")
		default:
		}
	}
	l.in.mu.Lock()
	l.paused = false
	l.in.mu.Unlock()
	await(t, done, "a lane that is still")
	close(ended)
	l.awaitStill(time.Hour, ended)
}

// A connection type that does not get through is told, and the session stays.
func TestMoveThatIsRefused(t *testing.T) {
	release := make(chan struct{})
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: pushHandshake}},
		"/meta/subscribe": {{reply: okSub}},
		"/meta/connect":   {{reply: okConnect}, {hold: release, reply: delivery("/a", "1")}, {hold: make(chan struct{})}},
	})
	told := make(chan error, 10)
	c, k, stop := runs(t, f, Options{OnError: func(err error) { told <- err }})
	await(t, held(f), "a held connect")
	if err := c.Use("websocket"); err != nil {
		t.Fatal(err)
	}
	var status *StatusError
	if err := await(t, told, "the refusal"); !errors.As(err, &status) || status.Status != 403 || !strings.HasPrefix(err.Error(), "client: use websocket: ") {
		t.Errorf("told %v", err)
	}
	close(release)
	k.wait(t, "1")
	stop()
	if got := c.ConnectionType(); got != "long-polling" {
		t.Errorf("moved to %s", got)
	}
	if err := c.Use("pigeon"); err == nil {
		t.Error("a pigeon was accepted")
	}
}
