package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"halley/loop/cluster/wire"
)

// Wire is a node's connection to NATS, or the next one when that is lost.
type Wire struct {
	settings      Settings
	dialer        *dialer
	server        *embedded // nil: NATS runs elsewhere
	external      *external // nil: it runs here
	log           *slog.Logger
	largest       int // bytes of the largest message that must fit
	outbox        *outbox
	subscriptions subscriptions
	now           atomic.Pointer[connection] // the one that stands; nil: none
	most          atomic.Int64               // bytes of a message, its header included
	counts        counts
	next          chan *connection // from the goroutine that writes to the one that reads
	ending        chan struct{}    // closed by Close
	end           sync.Once
	running       sync.WaitGroup
}

var _ wire.Wire = (*Wire)(nil)

// ErrSubject means that NATS would not take a subject as it is meant.
var ErrSubject = errors.New("malformed or too long subject")

// mostSubject is how long a subject and that of its answer may be together. NATS ends a connection with a line of more than 4,096
// bytes for good, which are these, two numbers and a verb.
const mostSubject = 4000

// usualMost is how many bytes of a message NATS takes unless it is told otherwise.
const usualMost = 1 << 20

// Open joins NATS. Messages of largest bytes must fit: where they do not, or where the settings are of no use, the error names the
// flags. A server elsewhere that cannot be reached is no error: it is tried again until it is there, and Up tells.
func Open(s Settings, largest int, log *slog.Logger) (*Wire, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	w := &Wire{
		settings: s, log: log, largest: largest, outbox: newOutbox(s.Buffer),
		next: make(chan *connection, 1), ending: make(chan struct{}),
	}
	w.subscriptions.subjects = make(map[string][]*subscription)
	w.most.Store(int64(max(usualMost, largest)))
	if err := w.begin(); err != nil {
		return nil, err
	}
	first, err := w.connect()
	switch {
	case errors.Is(err, errTooSmall), err != nil && w.server != nil:
		w.server.shutdown()
		return nil, err
	case err != nil:
		w.log.Error("the cluster is not there; it is tried again", "flag", "--cluster", "error", err)
	}
	w.running.Go(func() { w.write(first) })
	w.running.Go(w.read)
	return w, nil
}

// begin makes what connections are made by.
func (w *Wire) begin() (err error) {
	if w.settings.embedded() {
		if w.server, err = start(&w.settings, w.largest, w.log); err != nil {
			return err
		}
		w.dialer = newDialer(w.server.options, w.log)
		return nil
	}
	if w.external, err = newExternal(&w.settings); err != nil {
		return err
	}
	w.dialer = newDialer(w.external.options, w.log)
	return nil
}

// errTooSmall means that NATS takes no messages of the size that clients may send.
var errTooSmall = errors.New("--cluster: the largest message of NATS (max_payload) is less than --max-message needs")

// connect makes a connection, with all subscriptions.
func (w *Wire) connect() (*connection, error) {
	c, err := w.dialer.dial()
	if err != nil {
		return nil, err
	}
	if most := int(c.conn.MaxPayload()); most < w.largest {
		c.conn.Close()
		return nil, fmt.Errorf("%w: %d bytes, want %d", errTooSmall, most, w.largest)
	}
	w.most.Store(c.conn.MaxPayload())
	if w.external != nil {
		w.external.learn(c.conn)
	}
	w.outbox.set(true)
	for _, subject := range w.subscriptions.all() {
		if err := c.align(subject, true); err != nil {
			c.conn.Close()
			return nil, err
		}
	}
	if err := c.conn.FlushTimeout(writeTimeout); err != nil {
		c.conn.Close()
		return nil, err
	}
	w.now.Store(c)
	return c, nil
}

// Send implements wire.Wire. While there is no connection a message is dropped, as one that is lost on its way: the others were told,
// or find out, that some are missing.
func (w *Wire) Send(m wire.Message) bool {
	if !sound(m.Subject, false) || len(m.Subject)+len(m.Reply) > mostSubject || len(m.Data)+envelope(&m) > w.Most() {
		w.counts.unfit.Add(1)
		w.log.Error("a message fits into none of NATS'", "subject", m.Subject, "bytes", len(m.Data))
		return true
	}
	return w.outbox.put(item{publish, m})
}

// envelope is about how many bytes a message has beside its data, and at least as many as of its header.
func envelope(m *wire.Message) int {
	n := len(m.Subject) + len(m.Reply) + 64
	for name, values := range m.Header {
		for _, value := range values {
			n += len(name) + len(value) + 4
		}
	}
	return n
}

// sound tells whether a subject is one that NATS takes as it is meant.
func sound(subject string, pattern bool) bool {
	if len(subject) > mostSubject || strings.ContainsAny(subject, " \t\r\n") {
		return false
	}
	for left := subject; ; {
		token, rest, more := strings.Cut(left, ".")
		switch {
		case token == "", !pattern && (token == "*" || token == ">"), token == ">" && more:
			return false
		case !more:
			return true
		}
		left = rest
	}
}

// Waiting implements wire.Wire.
func (w *Wire) Waiting() (bytes, most int) { return w.outbox.waiting(), w.outbox.most }

// Most implements wire.Wire.
func (w *Wire) Most() int { return int(w.most.Load()) }

// Subscribe implements wire.Wire.
func (w *Wire) Subscribe(subject string, handle func(*wire.Message)) (end func(), err error) {
	if !sound(subject, true) {
		return nil, ErrSubject
	}
	s := w.subscriptions.add(subject, handle)
	w.outbox.put(item{align, wire.Message{Subject: subject}})
	return func() {
		w.subscriptions.remove(subject, s)
		w.outbox.put(item{align, wire.Message{Subject: subject}})
	}, nil
}

// Watch implements wire.Wire. Of a first connection that was not there when the wire was opened is told too.
func (w *Wire) Watch(told func(up bool)) { w.subscriptions.watch(told) }

// Up tells whether there is a connection to NATS.
func (w *Wire) Up() bool { return w.now.Load() != nil }

// Replicas is how many nodes are to keep a stream: --cluster-replicas, or three where there are as many servers, and else one. Of servers
// elsewhere it is known how many there are once there has been a connection.
func (w *Wire) Replicas() int {
	servers := 0
	switch {
	case w.settings.Replicas > 0:
		return w.settings.Replicas
	case w.server != nil:
		servers = w.settings.nodes()
	default:
		servers = w.external.count()
	}
	if servers >= 3 {
		return 3
	}
	return 1
}

// Close has what waits go, for as long as ctx is not done, and leaves the cluster. With an embedded server the streams that are led
// here get another leader first.
func (w *Wire) Close(ctx context.Context) {
	w.end.Do(func() { close(w.ending) })
	ended := make(chan struct{})
	go func() {
		w.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		if c := w.now.Load(); c != nil {
			c.gate.Close()
		}
		<-ended
	}
	w.server.shutdown()
}

// pauses are how long it is waited before the next attempt to connect.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)
