package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/loop"
)

// A client is told what its queue could not hold, whatever carries it, before the
// connect that it holds would have ended.
func TestDroppedMessagesAreTold(t *testing.T) {
	s, address := serve(t, func(c *loop.Config) { c.QueueMessages, c.Hold = 5, 10*time.Minute })
	for _, kind := range []string{"long-polling", "websocket", "eventsource", "events"} {
		t.Run(kind, func(t *testing.T) { dropMessages(t, s, address, kind) })
	}
}

func dropMessages(t *testing.T, s *loop.Server, address, kind string) {
	const published = 20
	name, total := "/"+kind, uint64(0)
	told, last := make(chan uint64, published), make(chan bool, 1)
	o := client.Options{OnError: func(err error) {
		if dropped := new(client.DroppedError); errors.As(err, &dropped) {
			told <- dropped.Channels[name]
		}
	}}
	cancel, done := listen(t, address, kind, o, name, func(m client.Message) {
		if string(m.Data) == fmt.Sprint(published) {
			last <- true
		}
	})
	until(t, "the subscription", func() bool {
		list, err := s.Channels(t.Context())
		return err == nil && slices.ContainsFunc(list, func(c loop.ChannelInfo) bool { return c.Channel == name })
	})
	var batch []loop.Publication
	for i := range published {
		batch = append(batch, loop.Publication{Channel: []byte(name), Data: []byte(fmt.Sprint(i + 1))})
	}
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	for came := false; !came || total < published-5; {
		select {
		case <-last:
			came = true
		case n := <-told:
			total += n
		case <-time.After(patience):
			t.Fatalf("%d messages are told as dropped, the last one came: %v", total, came)
		}
	}
	if total != published-5 {
		t.Errorf("%d messages are told as dropped, want %d", total, published-5)
	}
	cancel()
	<-done
}

// listen follows one channel by a connection type, or by the event-stream without
// Bayeux.
func listen(t *testing.T, address, kind string, o client.Options, name string, handler client.Handler) (context.CancelFunc, chan error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	if kind == "events" {
		url := strings.TrimSuffix(address, "bayeux") + "events?channel=" + name
		go func() { done <- client.Events(ctx, url, o, handler) }()
		return cancel, done
	}
	o.ConnectionTypes = []string{kind}
	c, err := client.New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Subscribe(ctx, name, handler); err != nil {
		t.Fatal(err)
	}
	go func() { done <- c.Run(ctx) }()
	return cancel, done
}
