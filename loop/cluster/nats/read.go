// Proved by TestExternalComesBack.

package nats

import (
	natsgo "github.com/nats-io/nats.go"

	"halley/loop/cluster/wire"
)

// read has the messages of one connection after the other handled, until there is none to come. That a connection was lost is told
// after its last message, and that there is another one before that one's first.
func (w *Wire) read() {
	up := w.Up() // of the first one that is there from the beginning nobody needs to be told
	for c := range w.next {
		if !up {
			w.subscriptions.tell(true)
		}
		w.receive(c)
		up = false
		if w.ended() {
			continue
		}
		w.subscriptions.tell(false)
	}
}

// receive has the messages of a connection handled until it is closed, those that came before included.
func (w *Wire) receive(c *connection) {
	for {
		select {
		case m := <-c.messages:
			w.handle(c, m)
		case <-c.closed:
			for {
				select {
				case m := <-c.messages:
					w.handle(c, m)
				default:
					return
				}
			}
		}
	}
}

// handle has a message handled by those who have subscribed to it. What there was no room for is told as a connection that was lost
// and is back.
func (w *Wire) handle(c *connection, m *natsgo.Msg) {
	defer c.gate.handled(m)
	if c.dropped.CompareAndSwap(true, false) {
		w.counts.losses.Add(1)
		w.log.Warn("messages of other nodes came faster than they could be handled, and some are lost")
		w.subscriptions.tell(false)
		w.subscriptions.tell(true)
	}
	w.counts.received.Add(1)
	w.counts.receivedBytes.Add(uint64(len(m.Data)))
	message := wire.Message{Subject: m.Subject, Reply: m.Reply, Header: m.Header, Data: m.Data}
	for _, s := range w.subscriptions.of(m.Sub.Subject) {
		s.handle(&message)
	}
}
