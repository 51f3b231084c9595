package client

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// runs starts a client with a handler for /a, and gives what ends it.
func runs(t *testing.T, f *fake, o Options) (c *Client, k *collect, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(testContext(t))
	c, k = f.client(o), newCollect()
	if err := c.Subscribe(ctx, "/a", k.handle); err != nil {
		t.Fatal(err)
	}
	wait := run(ctx, c)
	return c, k, func() { cancel(); wait(); c.Close() }
}

func TestWebSocketPushes(t *testing.T) {
	f := newFake(t, nil)
	closed, pong := make(chan websocket.StatusCode, 1), make(chan error, 1)
	f.socket = func(p *peer) {
		p.greet()
		p.expect("/meta/connect") // held: events do not answer it
		p.send(push("1", "2"))
		go func() { pong <- p.Ping(p.ctx) }()
		p.answer("/b", push("3")[:len(push("3"))-1]+`,{"channel":"/b","id":$1,"successful":true}]`)
		p.answer("/meta/disconnect", `[{"channel":"/meta/disconnect","id":$1,"successful":true}]`)
		closed <- p.gone()
	}
	c, k, stop := runs(t, f, Options{ConnectionTypes: []string{"websocket"}})
	defer stop()
	k.wait(t, "1")
	k.wait(t, "2")
	if err := await(t, pong, "a pong"); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := c.Publish(testContext(t), "/b", []byte("{}")); err != nil {
		t.Error(err)
	}
	k.wait(t, "3")
	if got := c.ConnectionType(); got != "websocket" {
		t.Errorf("ConnectionType() = %s", got)
	}
	if err := c.Disconnect(testContext(t)); err != nil {
		t.Error(err)
	}
	if code := await(t, closed, "the end of the connection"); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %d", code)
	}
}

// A cut socket is opened anew, for the same session.
func TestWebSocketReconnects(t *testing.T) {
	for name, cut := range map[string]func(*peer){
		"cut":        func(p *peer) { p.CloseNow() },
		"going away": func(p *peer) { p.Close(websocket.StatusGoingAway, "restart") },
		"not Bayeux": func(p *peer) { p.send("<html>") },
		"binary":     func(p *peer) { p.Write(p.ctx, websocket.MessageBinary, []byte("[]")) },
		"too large":  func(p *peer) { p.send(push(`"` + strings.Repeat("x", 5000) + `"`)) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, nil)
			var sockets atomic.Int32
			f.socket = func(p *peer) {
				if sockets.Add(1) == 1 {
					p.greet()
					p.expect("/meta/connect")
					cut(p)
					return
				}
				p.answer("/meta/connect", okConnect)
				p.send(push("1"))
				p.gone()
			}
			faults := make(chan error, 10)
			_, k, stop := runs(t, f, Options{ConnectionTypes: []string{"websocket"}, MaxResponse: 4096, OnError: func(err error) { faults <- err }})
			k.wait(t, "1")
			stop()
			if len(faults) != 1 {
				t.Errorf("%d faults were told", len(faults))
			}
			var frame *CloseError
			if err := await(t, faults, "the fault"); errors.As(err, &frame) != (name == "going away") {
				t.Errorf("told %v", err)
			}
		})
	}
}

func TestCloseCodeReachesThePublisher(t *testing.T) {
	f := newFake(t, nil)
	f.socket = func(p *peer) {
		p.answer("/meta/handshake", pushHandshake)
		p.expect("/b")
		p.Close(websocket.StatusMessageTooBig, "64 KiB at most")
	}
	c := f.client(Options{ConnectionTypes: []string{"websocket"}})
	if err := c.Handshake(testContext(t)); err != nil {
		t.Fatal(err)
	}
	var frame *CloseError
	if err := c.Publish(testContext(t), "/b", []byte("1")); !errors.As(err, &frame) || frame.Code != 1009 || frame.Reason != "64 KiB at most" {
		t.Errorf("Publish() = %v", err)
	}
	var used *link
	c.look(func(m *machine) { used = m.link })
	await(t, used.ended, "the end of the connection")
	if err := c.Publish(testContext(t), "/b", []byte("1")); !errors.Is(err, ErrConnectionEnded) {
		t.Errorf("Publish() without a connection = %v", err)
	}
}

func TestFallback(t *testing.T) {
	script := func() map[string][]step {
		return map[string][]step{
			"/meta/handshake": {{reply: pushHandshake}},
			"/meta/subscribe": {{reply: okSub}},
			"/meta/connect":   {{reply: okConnect}, {reply: delivery("/a", "1")}, {hold: make(chan struct{})}},
		}
	}
	t.Run("refused", func(t *testing.T) {
		f := newFake(t, script())
		var told error
		c, k, stop := runs(t, f, Options{ConnectionTypes: []string{"websocket", "eventsource", "long-polling"}, OnError: func(err error) { told = errors.Join(told, err) }})
		k.wait(t, "1")
		stop()
		var status *StatusError
		if got := c.ConnectionType(); got != "long-polling" || !errors.As(told, &status) || status.Status != 403 {
			t.Errorf("connected by %s, told %v", got, told)
		}
	})
	t.Run("not offered", func(t *testing.T) {
		f := newFake(t, script())
		f.steps["/meta/handshake"][0].reply = okHandshake
		c, k, stop := runs(t, f, Options{ConnectionTypes: []string{"eventsource", "long-polling"}})
		k.wait(t, "1")
		stop()
		if got := c.ConnectionType(); got != "long-polling" {
			t.Errorf("connected by %s", got)
		}
	})
	t.Run("refused later", func(t *testing.T) {
		f := newFake(t, script())
		f.socket = func(p *peer) { // once
			f.socket = nil
			p.greet()
			p.expect("/meta/connect")
		}
		c, k, stop := runs(t, f, Options{ConnectionTypes: []string{"websocket", "long-polling"}})
		k.wait(t, "1")
		stop()
		if got := c.ConnectionType(); got != "long-polling" {
			t.Errorf("connected by %s", got)
		}
	})
	t.Run("nothing gets through", func(t *testing.T) {
		f := newFake(t, nil)
		err := f.client(Options{ConnectionTypes: []string{"websocket"}}).Handshake(testContext(t))
		var status *StatusError
		if !errors.As(err, &status) || !strings.Contains(err.Error(), "websocket") {
			t.Errorf("Handshake() = %v", err)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		if _, err := New("http://host/", Options{ConnectionTypes: []string{"pigeon"}}); err == nil {
			t.Error("a pigeon was accepted")
		}
	})
}

// A slow handler stops the reading, but not the reply that it waits for.
func TestSlowHandlerStopsReading(t *testing.T) {
	f := newFake(t, nil)
	large := push(`"` + strings.Repeat("x", maxBacklog/2) + `"`)
	published := make(chan struct{})
	f.socket = func(p *peer) {
		p.greet()
		p.expect("/meta/connect")
		for range 4 {
			p.send(large)
		}
		p.answer("/b", `[{"channel":"/b","id":$1,"successful":true}]`)
		close(published)
		p.gone()
	}
	c := f.client(Options{ConnectionTypes: []string{"websocket"}})
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	first, handled := true, make(chan struct{}, 10)
	c.Subscribe(ctx, "/a", func(Message) {
		if first {
			first = false
			var used *link
			c.look(func(m *machine) { used = m.link })
			for !used.lane.isPaused() {
				time.Sleep(time.Millisecond)
			}
			if err := c.Publish(ctx, "/b", []byte("1")); err != nil {
				t.Error(err)
			}
		}
		handled <- struct{}{}
	})
	wait := run(ctx, c)
	await(t, published, "the publication")
	for range 4 {
		await(t, handled, "an event")
	}
	cancel()
	wait()
	c.Close()
}
