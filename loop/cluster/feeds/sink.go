// Proved by TestExport, TestNothingGoesBack and TestServerComesBack.

package feeds

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"halley/bayeux/channel"
	"halley/bayeux/event"
)

// The header fields of an exported message.
const (
	extHeader    = "Halley-Ext"    // its ext: the servers that it has passed, its origin and number there, and ext.binary
	numberHeader = "Halley-Number" // its number, of a channel with a history
)

// parcel is an event on its way to NATS.
type parcel struct {
	event  event.Event
	number uint64 // of this server, for one that has none
}

// sink is one export.
type sink struct {
	outward
	feeds  *Feeds
	outbox *queue[parcel]
	counts counts
	told   atomic.Int64
	held   []parcel // taken, and not sent before the connection was closed for good
}

func newSink(f *Feeds, o outward) *sink {
	return &sink{outward: o, feeds: f, outbox: newQueue[parcel](f.settings.Buffer)}
}

// offer takes an event, if it is of the export's pattern. It does not wait.
func (s *sink) offer(name []byte, e event.Event) {
	if channel.Matches(s.pattern, name) {
		s.outbox.push(parcel{e, s.feeds.Node.Next()}, len(e))
	}
}

// run exports by one connection until ctx is done and nothing waits, at most until last is done.
func (s *sink) run(ctx, last context.Context, link *nats.Conn) {
	for last.Err() == nil {
		batch := s.held
		if s.held = nil; len(batch) == 0 {
			batch = s.outbox.take(ctx, mostAtOnce)
		}
		if len(batch) == 0 {
			return
		}
		s.send(last, link, batch)
	}
}

// confirmWithin is how long the server may take to confirm what it was sent.
const confirmWithin = 5 * time.Second

// send publishes a batch at NATS, once there is a connection, and waits until it has come. What was sent when the connection was lost
// may have come or not: it is not sent again, so that nobody gets it twice.
func (s *sink) send(ctx context.Context, link *nats.Conn, batch []parcel) {
	losses, sent := s.feeds.losses.Load(), uint64(0)
	for i, p := range batch {
		m, err := s.message(p)
		if m != nil {
			if err = publish(ctx, link, m); err == nil {
				sent++
			}
		}
		if errors.Is(err, errGone) {
			s.held = batch[i:]
			break
		} else if err != nil {
			s.refuse(p, err)
		}
	}
	confirming, cancel := context.WithTimeout(ctx, confirmWithin)
	defer cancel()
	if err := link.FlushWithContext(confirming); err != nil || s.feeds.losses.Load() != losses {
		s.counts.unconfirmed.Add(sent)
		return
	}
	s.counts.published.Add(sent)
}

// errGone says that a connection is closed for good, or that there is no time left.
var errGone = errors.New("the connection is closed")

// publish hands a message to a connection as soon as there is one. It fails with errGone, or with an error for this message alone.
func publish(ctx context.Context, link *nats.Conn, m *nats.Msg) error {
	for {
		switch err := link.PublishMsg(m); {
		case err == nil:
			return nil
		case errors.Is(err, nats.ErrMaxPayload), errors.Is(err, nats.ErrBadSubject), errors.Is(err, nats.ErrHeadersNotSupported):
			return err
		case ctx.Err() != nil || link.IsClosed():
			return errGone
		}
		pause(ctx, 50*time.Millisecond) // there is none now
	}
}

// errNotAllowed says why a channel has no subject.
var errNotAllowed = errors.New("its subject would be too long, or belongs to NATS or a cluster")

// message is a parcel as a message; none for one that has come from where it would go.
func (s *sink) message(p parcel) (m *nats.Msg, why error) {
	data, trail, binary := p.event.Passed()
	if trail.Has(s.feeds.id) || trail.Ended() {
		return nil, nil
	}
	subject, good := s.subject(nil, []byte(p.event.Channel()))
	if !good {
		return nil, errNotAllowed
	}
	if trail.Origin == "" {
		trail.Origin, trail.Number = s.feeds.Node.Node(), p.number
	}
	m = nats.NewMsg(string(subject))
	if m.Data = data; data == nil {
		m.Data = []byte("null")
	}
	var ext strings.Builder
	ext.Write(trail.Past(s.feeds.Node.Node()).Past(s.feeds.id).Ext(binary))
	m.Header.Set(extHeader, ext.String())
	m.Header.Set(nats.MsgIdHdr, trail.Origin+"-"+strconv.FormatUint(trail.Number, 10))
	if id := p.event.ID(); id != 0 {
		m.Header.Set(numberHeader, strconv.FormatInt(id, 10))
	}
	return m, nil
}

// refuse counts a message that can never go to NATS, and logs some of them.
func (s *sink) refuse(p parcel, err error) {
	s.counts.refused.Add(1)
	now, last := time.Now().UnixNano(), s.told.Load()
	if now-last > int64(refusedEvery) && s.told.CompareAndSwap(last, now) {
		s.feeds.Log.Warn("feeds: a message does not go to NATS", "export", s.text, "channel", p.event.Channel(), "error", err)
	}
}
