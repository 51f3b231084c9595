package nats

import (
	"errors"
	"net"
	"testing"

	natsgo "github.com/nats-io/nats.go"
)

// A connection that has brought as much as may wait is read from again when some of it is handled; a large message that is not whole
// yet does not stop itself; and who waits is let go when the connection is closed.
func TestGate(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	messages := make(chan *natsgo.Msg, 4)
	g := newGate(here, messages)
	large := &natsgo.Msg{Data: make([]byte, mostUnreadBytes)}
	read := func() chan error {
		done := make(chan error, 1)
		go func() {
			_, err := g.Read(make([]byte, 1))
			done <- err
		}()
		return done
	}
	write := func() {
		if _, err := there.Write([]byte{0}); err != nil {
			t.Error(err)
		}
	}
	g.bytes.Store(mostUnreadBytes + 1)
	first := read()
	write()
	if err := <-first; err != nil {
		t.Errorf("with no whole message: %v", err)
	}
	messages <- large
	messages <- large
	second := read()
	for !g.waits.Load() {
		select {
		case <-second:
			t.Fatal("it is read from")
		default:
		}
	}
	g.handled(<-messages)
	write()
	if err := <-second; err != nil {
		t.Error(err)
	}
	g.bytes.Store(mostUnreadBytes + 1)
	third := read()
	for !g.waits.Load() {
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if err := <-third; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if g.handled(<-messages); g.bytes.Load() != 0 {
		t.Errorf("%d bytes wait", g.bytes.Load())
	}
}
