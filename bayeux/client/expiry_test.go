package client_test

import (
	"sync"
	"testing"
	"time"

	"halley/bayeux"
	"halley/bayeux/client"
	"halley/loop"
)

// briefly is an authority that lets every session live for a while, until it is told to
// let them live on.
type briefly struct {
	mu         sync.Mutex
	life       time.Duration // 0 for ever
	handshakes int
}

func (*briefly) Fields() []string { return nil }

func (b *briefly) Decide(q bayeux.Question) (v bayeux.Verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q.Operation == bayeux.OpHandshake {
		b.handshakes++
		if b.life > 0 {
			v.Expiry = time.Now().Add(b.life).UnixMilli()
		}
	}
	return v
}

func (*briefly) Ask(bayeux.Question, func(bayeux.Verdict)) {}

// forEver lets the sessions that are made from now on live on, and tells how many were
// made before.
func (b *briefly) forEver() (before int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life = 0
	return b.handshakes
}

// made is how many handshakes there were.
func (b *briefly) made() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.handshakes
}

// A client whose session ends by its authority shakes hands again, by itself and at once,
// and has its subscription again.
func TestExpiredSessionsComeBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"long-polling", "websocket", "eventsource"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := &briefly{life: 300 * time.Millisecond}
			s, address := serve(t, func(c *loop.Config) { c.Authority, c.Hold = b, time.Minute })
			f := followWith(t, address, client.Options{ConnectionTypes: []string{kind}}) // its first session may be over before it is used
			until(t, "three handshakes", func() bool { return b.made() >= 3 })
			before := b.forEver()
			until(t, "a session that stays", func() bool { return b.made() > before && s.Stats().Sessions == 1 })
			until(t, "the subscription", func() bool {
				channels, err := s.Channels(t.Context())
				return err == nil && len(channels) == 1 && channels[0].Subscribers == 1
			})
			publish(t, s, 0)
			f.has(t, 1)
		})
	}
}
