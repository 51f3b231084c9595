package client_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop"
)

// received waits for the next value.
func received[T any](t *testing.T, what string, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		t.Fatal("timed out waiting for ", what)
	}
	return v
}

// A handler of all gets what several subscriptions are for once, before their own handlers, and needs none beside it. What is
// published has its ext.
func TestHandlerOfAll(t *testing.T) {
	_, address := serve(t, func(c *loop.Config) { c.EchoService = true })
	got := make(chan string, 10)
	c, err := client.New(address, client.Options{Handler: func(m client.Message) { got <- "all " + string(m.Data) + string(m.Ext) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go c.Run(ctx)
	for pattern, handler := range map[string]client.Handler{
		"/a/*": nil, "/a/**": nil, "/a/b": func(m client.Message) { got <- "own " + string(m.Data) },
	} {
		if err := c.Subscribe(ctx, pattern, handler); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "a session", func() bool { return c.ID() != "" && c.Connected() })
	batch := []client.Message{{Channel: "/a/b", Data: []byte("1"), Ext: []byte(`{"binary":{}}`)}, {Channel: "/a/c/d", Data: []byte("2")}}
	if err := c.PublishBatch(ctx, batch); err != nil {
		t.Fatal(err)
	}
	var list []string
	for range 3 {
		list = append(list, received(t, "a message", got))
	}
	if want := []string{`all 1{"binary":{}}`, "own 1", "all 2"}; !slices.Equal(list, want) {
		t.Errorf("got %q, want %q", list, want)
	}
	if err := c.PublishBatch(ctx, []client.Message{{Channel: "/a", Data: []byte("1"), Ext: []byte("{")}}); err == nil {
		t.Error("an ext that is no JSON was sent")
	}
}

// Each session is told of, with what may have been missed before it.
func TestSessionsAreTold(t *testing.T) {
	s, address := serve(t, func(c *loop.Config) { c.Rules = []string{"/kept/** history=10"} })
	told, got := make(chan client.Session, 10), make(chan string, 10)
	c, err := client.New(address, client.Options{
		Replay: true, MinBackoff: 10 * time.Millisecond,
		Handler:   func(m client.Message) { got <- string(m.Data) },
		OnSession: func(s client.Session) { told <- s },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/kept/a", "/plain"} {
		if err := c.Subscribe(t.Context(), pattern, nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil { // the server ends the first session for good
			_ = c.Run(ctx)
		}
	}()
	first := received(t, "a session", told)
	if !first.Replays || first.Acknowledges || first.Missed != nil || len(first.Ext) == 0 {
		t.Errorf("the first session is %+v", first)
	}
	until(t, "the subscriptions", c.Connected)
	if err := s.Publish([]loop.Publication{{Channel: []byte("/kept/a"), Data: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	received(t, "the message", got)
	if ended, err := s.Disconnect(ctx, first.ID); !ended || err != nil {
		t.Fatal(ended, err)
	}
	second := received(t, "another session", told)
	if second.ID == first.ID || fmt.Sprint(second.Missed) != "[/plain]" {
		t.Errorf("the second session is %+v", second)
	}
}
