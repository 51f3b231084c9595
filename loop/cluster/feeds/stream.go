// Proved by TestStream, TestStreamGoesOn and TestStreamOfNodes.

package feeds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// How a stream is read.
const (
	streamBatch = 256             // messages that are published, and acknowledged, at once
	ackWait     = 5 * time.Second // after which JetStream sends again what was not acknowledged
	fetchWait   = 2 * time.Second // for the next message
	lookEvery   = 250 * time.Millisecond
	apiTimeout  = 5 * time.Second
	brokenWait  = time.Second // after something went wrong
)

// What ends a session with a stream.
var (
	errNotOurs = errors.New("another node reads the stream")
	errHole    = errors.New("JetStream has sent messages that did not come: they are read again")
	errUnsure  = errors.New("JetStream has not confirmed an acknowledgement")
)

// follow reads a stream until ctx is done: from where it was left, by whichever node. A message is acknowledged once it is published,
// so each is published at least once, and all in order.
func (s *source) follow(ctx context.Context, link *nats.Conn) {
	js, err := jetstream.New(link, jetstream.WithDefaultTimeout(apiTimeout))
	if err != nil {
		s.feeds.Log.Error("feeds: no JetStream", "import", s.text, "error", err)
		return
	}
	for ctx.Err() == nil {
		err := errNotOurs
		if s.reads() {
			err = s.session(ctx, js)
		}
		if errors.Is(err, errNotOurs) {
			pause(ctx, lookEvery)
			continue
		}
		if ctx.Err() == nil && link.IsConnected() {
			s.broken(err)
		}
		pause(ctx, brokenWait)
	}
}

// reads tells whether this node is the one that reads streams.
func (s *source) reads() bool {
	return !s.feeds.left.Load() && (s.feeds.Nodes == nil || s.feeds.Nodes.Eldest())
}

// consumer is the name by which JetStream keeps the place in the stream.
func (s *source) consumer() string {
	sum := sha256.Sum256([]byte(s.text))
	return "halley-" + s.feeds.settings.name() + "-" + hex.EncodeToString(sum[:4])
}

// open finds the place in the stream, or begins anew.
func (s *source) open(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, error) {
	c, err := js.Consumer(ctx, s.stream, s.consumer())
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		s.published = recent{}
		begin := map[string]jetstream.DeliverPolicy{
			"new": jetstream.DeliverNewPolicy, "all": jetstream.DeliverAllPolicy, "last": jetstream.DeliverLastPerSubjectPolicy,
		}
		return js.CreateConsumer(ctx, s.stream, jetstream.ConsumerConfig{
			Durable: s.consumer(), FilterSubject: s.subject, DeliverPolicy: begin[s.begin],
			AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: streamBatch,
		})
	}
	if err != nil || c.CachedInfo().NumAckPending == 0 {
		return c, err
	}
	// A reader before has left some unacknowledged. They come first again, and not behind newer ones.
	if _, err := js.ResetConsumer(ctx, s.stream, s.consumer()); err != nil {
		pause(ctx, ackWait) // an older NATS
	}
	return c, nil
}

// session reads a stream until something goes wrong.
func (s *source) session(ctx context.Context, js jetstream.JetStream) error {
	c, err := s.open(ctx, js)
	if err != nil {
		return err
	}
	s.working()
	for next := uint64(0); ctx.Err() == nil; {
		if !s.reads() {
			return errNotOurs
		}
		batch, err := fetch(ctx, c)
		if err != nil {
			return err
		}
		if next, err = s.take(ctx, batch, next); err != nil {
			return err
		}
	}
	return nil
}

// fetch gives the next messages, none if there are none for a while.
func fetch(ctx context.Context, c jetstream.Consumer) (batch []jetstream.Msg, err error) {
	waiting, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	more, err := c.Fetch(1, jetstream.FetchContext(waiting))
	for range 2 {
		if err != nil {
			return nil, err
		}
		for m := range more.Messages() {
			batch = append(batch, m)
		}
		switch err = more.Error(); {
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			return nil, nil
		case err != nil || len(batch) != 1:
			return batch, err
		}
		more, err = c.FetchNoWait(streamBatch - 1)
	}
	return batch, nil
}

// take publishes and acknowledges messages. The consumer numbers what it sends, and next is the number that is due, 0 if any is.
func (s *source) take(ctx context.Context, batch []jetstream.Msg, next uint64) (uint64, error) {
	var list []Publication
	var fresh []uint64
	for _, m := range batch {
		about, err := m.Metadata()
		if err != nil {
			return 0, err
		}
		if next != 0 && about.Sequence.Consumer != next {
			return 0, errHole
		}
		next = about.Sequence.Consumer + 1
		s.counts.received.Add(1)
		s.counts.behind.Store(int64(about.NumPending))
		if s.published.has(about.Sequence.Stream) {
			s.counts.repeated.Add(1)
			continue
		}
		fresh = append(fresh, about.Sequence.Stream)
		if p, good := s.read(m.Subject(), m.Data(), m.Headers()); good {
			p.Key = fmt.Sprintf("%s-%d-%d", s.consumer(), about.Sequence.Stream, about.Timestamp.UnixNano())
			list = append(list, p)
		}
	}
	if len(batch) == 0 {
		return next, nil
	}
	if !s.deliver(ctx, list, keeper(batch)) {
		return 0, ctx.Err()
	}
	for _, number := range fresh {
		s.published.add(number)
	}
	return next, s.acknowledge(ctx, batch)
}

// keeper tells JetStream now and then that a batch is being worked on.
func keeper(batch []jetstream.Msg) func() {
	told := time.Now()
	return func() {
		if time.Since(told) < ackWait/4 {
			return
		}
		told = time.Now()
		for _, m := range batch {
			_ = m.InProgress() // else it comes again, and is known
		}
	}
}

// acknowledge acknowledges a batch. What it is not sure of comes again.
func (s *source) acknowledge(ctx context.Context, batch []jetstream.Msg) error {
	for _, m := range batch[:len(batch)-1] {
		if err := m.Ack(); err != nil {
			return fmt.Errorf("%w: %w", errUnsure, err)
		}
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), apiTimeout)
	defer cancel()
	if err := batch[len(batch)-1].DoubleAck(asking); err != nil {
		return fmt.Errorf("%w: %w", errUnsure, err)
	}
	return nil
}

// recent are the numbers of the messages that were published last, so that one is known which JetStream sends again, since it has not
// heard the acknowledgement.
type recent struct {
	seen  map[uint64]bool
	order []uint64
	at    int // of the oldest
}

// mostRecent is more than JetStream sends without an acknowledgement.
const mostRecent = 4 * streamBatch

func (r *recent) has(number uint64) bool { return r.seen[number] }

func (r *recent) add(number uint64) {
	if r.seen == nil {
		r.seen = make(map[uint64]bool)
	}
	r.seen[number] = true
	if len(r.order) < mostRecent {
		r.order = append(r.order, number)
		return
	}
	delete(r.seen, r.order[r.at])
	r.order[r.at] = number
	r.at = (r.at + 1) % mostRecent
}

// broken tells that a stream cannot be read.
func (s *source) broken(err error) {
	if now, last := time.Now().UnixNano(), s.told.Load(); now-last > int64(refusedEvery) && s.told.CompareAndSwap(last, now) {
		s.feeds.Log.Warn("feeds: a stream is not read", "import", s.text, "error", err)
	}
	if s.feeds.settings.Required {
		s.feeds.server.Trouble("feed "+s.text, err.Error())
	}
}

// working tells that it can.
func (s *source) working() {
	if s.feeds.settings.Required {
		s.feeds.server.Trouble("feed "+s.text, "")
	}
}
