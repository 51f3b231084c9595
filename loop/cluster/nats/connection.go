// Proved by TestExternalComesBack.

package nats

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"halley/loop/cluster/wire"
)

// The times of a connection. NATS' own usual ones are of the order of minutes.
const (
	dialTimeout  = 2 * time.Second
	pingEvery    = time.Second // and two without an answer are a loss
	writeTimeout = 3 * time.Second
)

// connection is one to NATS, from its beginning to its loss: it is never mended, a new one takes its place. So whatever ends one,
// there is one way on, and what was lost lies between two of them.
type connection struct {
	conn     *natsgo.Conn
	messages chan *natsgo.Msg
	gate     *gate
	closed   chan struct{}
	dropped  atomic.Bool // NATS' client has found no room for a message
	subjects map[string]*natsgo.Subscription
}

// dialer makes connections.
type dialer struct {
	options func(o *natsgo.Options, c *connection) error // how one of this kind is made
	log     *serverLog
}

func newDialer(options func(*natsgo.Options, *connection) error, log *slog.Logger) *dialer {
	return &dialer{options, newServerLog(log)}
}

// dial makes a connection.
func (d *dialer) dial() (*connection, error) {
	c := &connection{
		messages: make(chan *natsgo.Msg, mostUnread),
		closed:   make(chan struct{}), subjects: make(map[string]*natsgo.Subscription),
	}
	o := natsgo.GetDefaultOptions()
	o.NoEcho, o.AllowReconnect, o.ReconnectBufSize = true, false, -1
	o.Timeout, o.PingInterval, o.MaxPingsOut, o.FlusherTimeout = dialTimeout, pingEvery, 2, writeTimeout
	o.Name = "halley"
	o.ClosedCB = func(*natsgo.Conn) { close(c.closed) }
	o.AsyncErrorCB = func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) { d.failed(c, err) }
	if err := d.options(&o, c); err != nil {
		return nil, err
	}
	var err error
	if c.conn, err = o.Connect(); err != nil {
		return nil, err
	}
	return c, nil
}

// failed takes what NATS' client has to say beside its calls.
func (d *dialer) failed(c *connection, err error) {
	if err == natsgo.ErrSlowConsumer {
		c.dropped.Store(true)
		return
	}
	d.log.refused(err)
}

// align has NATS know a subject or not.
func (c *connection) align(subject string, wanted bool) error {
	known := c.subjects[subject]
	switch {
	case wanted && known == nil:
		s, err := c.conn.ChanSubscribe(subject, c.messages)
		if err != nil {
			return fmt.Errorf("subscribing to %s: %w", subject, err)
		}
		c.subjects[subject] = s
	case !wanted && known != nil:
		delete(c.subjects, subject)
		return known.Unsubscribe()
	}
	return nil
}

// publish gives a message to NATS' client, which writes it soon.
func (c *connection) publish(m *wire.Message) error {
	return c.conn.PublishMsg(&natsgo.Msg{Subject: m.Subject, Reply: m.Reply, Header: m.Header, Data: m.Data})
}
