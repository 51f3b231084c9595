// Proved by TestExternalComesBack.

package nats

import (
	"math/rand/v2"
	"time"
)

// write does what is in the outbox, on one connection after the other, until the wire is closed.
func (w *Wire) write(c *connection) {
	defer close(w.next)
	for c != nil || !w.ended() {
		if c == nil {
			if c = w.again(); c == nil {
				return
			}
		}
		select {
		case w.next <- c:
		case <-w.ending:
		}
		w.work(c)
		w.now.CompareAndSwap(c, nil)
		w.outbox.set(false)
		if w.external != nil {
			w.external.learn(c.conn)
		}
		c.conn.Close()
		if c = nil; !w.ended() {
			w.counts.losses.Add(1)
			w.log.Warn("the connection to NATS is lost; it is made again", "flag", w.flag())
		}
	}
}

// flag is what says where NATS is.
func (w *Wire) flag() string {
	if w.server != nil {
		return "--cluster-listen"
	}
	return "--cluster"
}

func (w *Wire) ended() bool {
	select {
	case <-w.ending:
		return true
	default:
		return false
	}
}

// again makes a connection, however often that fails; nil: the wire was closed before.
func (w *Wire) again() *connection {
	said := time.Now()
	for pause := firstPause; !w.ended(); pause = min(2*pause, lastPause) {
		c, err := w.connect()
		if err == nil {
			w.log.Info("connected to NATS", "flag", w.flag())
			return c
		}
		w.outbox.set(false)
		if time.Since(said) > sayEvery {
			said = time.Now()
			w.log.Error("there is no connection to NATS; it is tried again", "flag", w.flag(), "error", err)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-w.ending:
		}
	}
	return nil
}

// sayEvery is how often the log says that NATS is not there.
const sayEvery = 10 * time.Second

// work does what is in the outbox until the connection or the wire is closed. Then what is left goes, and is waited for.
func (w *Wire) work(c *connection) {
	for {
		select {
		case <-w.outbox.ready:
			if !w.perform(c) {
				return
			}
		case <-c.closed:
			return
		case <-w.ending:
			if w.perform(c) {
				_ = c.conn.FlushTimeout(writeTimeout)
			}
			return
		}
	}
}

// perform does all that is in the outbox; false: the connection does not take it.
func (w *Wire) perform(c *connection) bool {
	for {
		list := w.outbox.take()
		if len(list) == 0 {
			return true
		}
		for i := range list {
			if err := w.do(c, &list[i]); err != nil {
				w.outbox.lose(list[i:])
				return false
			}
		}
	}
}

// do does one thing. An error means that the connection is of no use any more.
func (w *Wire) do(c *connection, i *item) error {
	if i.action == align {
		subject := i.message.Subject
		return c.align(subject, len(w.subscriptions.of(subject)) > 0)
	}
	if err := c.publish(&i.message); err != nil {
		return err
	}
	w.counts.sent.Add(1)
	w.counts.sentBytes.Add(uint64(len(i.message.Data)))
	return nil
}
