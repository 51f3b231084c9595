// Proved by TestWants and TestBuckets.

package spread

import (
	"sync/atomic"

	"halley/bayeux/channel"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// subscriptions are those of the wire that bring what is wanted. A pattern has one of its own, and so has a channel. Each costs every
// node of the cluster memory, so above a bound of channels further ones are subscribed to by the bucket that they are in, and what
// else comes of that is left out here. A channel stays as it has begun: to move it would take two subscriptions for a while, and
// channels that come and go move the whole by themselves.
type subscriptions struct {
	wire   wire.Wire
	space  subject.Space
	exact  int // so many channels may have a subscription of their own
	handle func(m *wire.Message, bucket bool)

	channels, patterns, inBuckets atomic.Int64 // wants, by how they are subscribed to
	buckets                       map[int]*bucket
	open                          atomic.Int64 // buckets
}

// subscription is that of a want.
type subscription struct {
	stop   func()  // nil: it has none of its own
	bucket *bucket // nil: it has none
	failed bool    // it could not be made
}

// bucket is one that is subscribed to.
type bucket struct {
	number int
	wants  int
	stop   func()
}

func newSubscriptions(w wire.Wire, space subject.Space, exact int, handle func(*wire.Message, bool)) *subscriptions {
	return &subscriptions{wire: w, space: space, exact: exact, handle: handle, buckets: make(map[int]*bucket)}
}

// begin subscribes to what is wanted.
func (s *subscriptions) begin(e *want) (err error) {
	switch {
	case channel.IsWildcard([]byte(e.pattern)):
		if e.stop, err = s.wire.Subscribe(s.space.Pattern(e.pattern), s.whole); err == nil {
			s.patterns.Add(1)
		}
	case s.channels.Load() < int64(s.exact):
		if e.stop, err = s.wire.Subscribe(s.space.Channel(e.pattern), s.whole); err == nil {
			s.channels.Add(1)
		}
	default:
		e.bucket, err = s.enter(subject.BucketOf(e.pattern))
	}
	return err
}

// enter adds a want to a bucket.
func (s *subscriptions) enter(number int) (*bucket, error) {
	b := s.buckets[number]
	if b == nil {
		b = &bucket{number: number}
		var err error
		if b.stop, err = s.wire.Subscribe(s.space.Bucket(number), s.part); err != nil {
			return nil, err
		}
		s.buckets[number] = b
		s.open.Add(1)
	}
	b.wants++
	s.inBuckets.Add(1)
	return b, nil
}

func (s *subscriptions) whole(m *wire.Message) { s.handle(m, false) }
func (s *subscriptions) part(m *wire.Message)  { s.handle(m, true) }

// end ends what begin has begun.
func (s *subscriptions) end(e *want) {
	switch b := e.bucket; {
	case b != nil:
		s.inBuckets.Add(-1)
		if b.wants--; b.wants == 0 {
			b.stop()
			delete(s.buckets, b.number)
			s.open.Add(-1)
		}
	case e.stop == nil:
	case channel.IsWildcard([]byte(e.pattern)):
		e.stop()
		s.patterns.Add(-1)
	default:
		e.stop()
		s.channels.Add(-1)
	}
}
