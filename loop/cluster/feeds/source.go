// Proved by TestImport, TestSlowImport and TestNodes.

package feeds

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"halley/bayeux/channel"
	"halley/bayeux/event"
)

// source is one import.
type source struct {
	inward
	feeds  *Feeds
	inbox  *queue[Publication] // of core NATS
	counts counts
	gapped chan struct{} // has one entry when subscribers are to be told
	told   atomic.Int64  // when a refusal was logged last
	sub    atomic.Pointer[nats.Subscription]
	lost   atomic.Uint64 // of sub, as far as it is counted
	eldest atomic.Bool   // as it was when it was looked at last

	published recent // of a stream; of follow
}

// inboxBytes is how much of core NATS may wait to be published here. Above that it waits in the connection's buffer.
const inboxBytes = 1 << 20

func newSource(f *Feeds, i inward) *source {
	return &source{inward: i, feeds: f, inbox: newQueue[Publication](inboxBytes), gapped: make(chan struct{}, 1)}
}

// run imports by one connection until ctx is done.
func (s *source) run(ctx context.Context, link *nats.Conn) {
	if s.stream != "" {
		s.follow(ctx, link)
		return
	}
	sub, err := link.Subscribe(s.subject, s.came)
	if err != nil {
		s.feeds.Log.Error("feeds: a subject is not subscribed to", "import", s.text, "error", err)
		return
	}
	_ = sub.SetPendingLimits(-1, s.feeds.settings.Buffer) // it is no channel, and there
	s.lost.Store(0)
	s.sub.Store(sub)
	defer s.sub.Store(nil)
	release := context.AfterFunc(ctx, func() { _ = sub.Unsubscribe() })
	defer release()
	s.publish(ctx)
}

// came takes a message of core NATS. NATS calls it with one after the other, and keeps what comes meanwhile.
func (s *source) came(m *nats.Msg) {
	s.counts.received.Add(1)
	if p, good := s.read(m.Subject, m.Data, m.Header); good {
		s.inbox.wait(p, len(p.Channel)+len(p.Data))
	}
}

// read makes a publication of a message, if it is one for this server.
func (s *source) read(subject string, payload []byte, header nats.Header) (p Publication, good bool) {
	f := s.feeds
	if f.left.Load() || s.to.foreign(subject) {
		return p, false
	}
	p.Channel = s.to.channel(make([]byte, 0, len(subject)+16), subject)
	switch info, err := channel.Check(p.Channel, f.Limits); {
	case err != nil:
		s.refuse(subject, err)
		return p, false
	case info.Kind != channel.Broadcast || info.Wildcard:
		s.refuse(subject, errors.New("nothing comes to such a channel"))
		return p, false
	}
	if len(payload) > f.MaxMessage {
		s.refuse(subject, errors.New("longer than --max-message"))
		return p, false
	}
	p.Data, p.Binary = dataOf(payload, f.MaxDepth)
	if ext := header.Get(extHeader); ext != "" {
		p.Trail = event.ParseTrail([]byte(ext))
		p.Binary = p.Binary || event.Binary([]byte(ext))
		if p.Trail.Has(f.id) {
			s.counts.returned.Add(1)
			return p, false
		}
	}
	if f.exported(p.Channel) {
		p.Trail = p.Trail.Past(f.id) // so that it does not go back
	}
	if number := f.number.Add(1); p.Trail.Origin == "" && (!p.Trail.IsZero() || p.Binary && f.server.Kept(p.Channel)) {
		p.Trail.Origin, p.Trail.Number = f.id, number // it is not stored twice, if those behind it are not and it is tried again
	} else {
		p.Key = f.id + "-" + strconv.FormatUint(number, 36)
	}
	return p, true
}

// ours tells whether a message of core NATS is to be published by this node: what all nodes have one order of, or pass on to others, the eldest
// publishes for all.
func (s *source) ours(p *Publication) bool {
	f := s.feeds
	if f.Nodes == nil {
		return true
	}
	p.Here = !f.server.Kept(p.Channel) && !f.exported(p.Channel) && (f.PassedOn == nil || !f.PassedOn(p.Channel))
	return p.Here || f.Nodes.Eldest()
}

// The bounds of one batch.
const mostAtOnce = 500

// publish publishes what came of core NATS until ctx is done.
func (s *source) publish(ctx context.Context) {
	for ctx.Err() == nil {
		batch := s.inbox.take(ctx, mostAtOnce)
		mine := batch[:0]
		for i := range batch {
			if s.ours(&batch[i]) {
				mine = append(mine, batch[i])
			}
		}
		s.succeed()
		if ctx.Err() != nil {
			return
		}
		s.deliver(ctx, mine, func() {})
	}
}

// succeed tells of a gap when this node has become the eldest: what came between the last message of its predecessor and now may be
// missing.
func (s *source) succeed() {
	if now := s.feeds.Nodes == nil || s.feeds.Nodes.Eldest(); s.eldest.Swap(now) != now && now {
		s.gap()
	}
}

// The wait between attempts to publish while the server is busy.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = 200 * time.Millisecond
)

// deliver publishes a batch here, in order. While the server is busy it waits, and calls busy each time. It tells whether all of the
// batch is dealt with.
func (s *source) deliver(ctx context.Context, batch []Publication, busy func()) bool {
	for wait := firstWait; len(batch) > 0; {
		if ctx.Err() != nil {
			return false
		}
		err := s.feeds.server.Publish(batch)
		var refusal *Refusal
		switch {
		case err == nil:
			s.counts.published.Add(uint64(len(batch)))
			return true
		case errors.As(err, &refusal) && refusal.Index < len(batch):
			s.refuse(string(batch[refusal.Index].Channel), refusal)
			batch = append(batch[:refusal.Index:refusal.Index], batch[refusal.Index+1:]...)
		case errors.Is(err, ErrTooLarge) && len(batch) > 1:
			half := len(batch) / 2
			if !s.deliver(ctx, batch[:half:half], busy) {
				return false
			}
			batch = batch[half:]
		case errors.Is(err, ErrTooLarge):
			s.refuse(string(batch[0].Channel), err)
			return true
		default: // it has no room, and will have some
			busy()
			pause(ctx, wait)
			wait = min(2*wait, lastWait)
		}
	}
	return true
}

// refusedEvery is how often refusals of one import are logged at most.
const refusedEvery = 10 * time.Second

// refuse counts a message that can never be published, and logs some of them.
func (s *source) refuse(subject string, err error) {
	s.counts.refused.Add(1)
	now, last := time.Now().UnixNano(), s.told.Load()
	if now-last > int64(refusedEvery) && s.told.CompareAndSwap(last, now) {
		s.feeds.Log.Warn("feeds: a message is not published", "import", s.text, "subject", subject, "error", err)
	}
}

// slow counts what the connection has dropped of a subscription, and has subscribers told.
func (s *source) slow(sub *nats.Subscription) {
	if s.sub.Load() != sub {
		return
	}
	s.gap()
	s.feeds.Log.Warn("feeds: messages are dropped, since more of them wait than --feed-buffer", "import", s.text)
}

// gap has subscribers told that messages may be missing. A stream has none: it goes on where it was.
func (s *source) gap() {
	if s.stream != "" {
		return
	}
	select {
	case s.gapped <- struct{}{}:
	default:
	}
}

// gapsEvery is how often subscribers are told of gaps at most, and how often dropped messages and a lost predecessor are looked for, also
// where nothing comes any more.
const gapsEvery = time.Second

// tellGaps tells subscribers of gaps until ctx is done.
func (s *source) tellGaps(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-s.gapped:
			s.count()
			s.counts.gaps.Add(1)
			s.feeds.server.TellMissed(ctx, s.to.covers())
			pause(ctx, gapsEvery)
		case <-time.After(gapsEvery):
			if s.succeed(); s.count() {
				s.gap()
			}
		case <-ctx.Done():
		}
	}
}

// count counts what the connection has dropped since it was last looked at, and tells whether there was any.
func (s *source) count() bool {
	sub := s.sub.Load()
	if sub == nil {
		return false
	}
	dropped, err := sub.Dropped()
	if err != nil {
		return false
	}
	before := s.lost.Swap(uint64(dropped))
	if uint64(dropped) <= before {
		return false
	}
	s.counts.missed.Add(uint64(dropped) - before)
	return true
}
