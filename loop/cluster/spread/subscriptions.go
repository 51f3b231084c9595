// Proved by TestWants, TestBuckets and TestBucketsAreLeft.

package spread

import (
	"sync/atomic"
	"time"

	"halley/bayeux/channel"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// subscriptions are those of the wire that bring what is wanted. A pattern has one of its own, and so has a channel. Each costs every
// node of the cluster memory, so above a bound of channels they are subscribed to by the bucket that they are in, and what else comes
// of that is left out here. A bucket that is opened takes over its channels that had subscriptions of their own; when there are less
// than half as many channels as the bound, one bucket after the other gives them back. Each subscription begins a while before the
// one that it takes the place of ends: what is on its way by that still comes.
type subscriptions struct {
	wire   wire.Wire
	space  subject.Space
	exact  int // so many channels may have a subscription of their own
	handle func(m *wire.Message, bucket bool)

	channels, patterns, inBuckets, open atomic.Int64 // wants, by how they are subscribed to; buckets that are subscribed to
	buckets                             [subject.Buckets]bucket

	now      time.Time
	replaced []replaced // in the order of their dues
}

// replaced is a subscription in whose place another one has come.
type replaced struct {
	due  time.Time
	stop func()
}

// replacedFor is how long both are there.
const replacedFor = 2 * time.Second

// at notes the time, and ends what was replaced long enough ago. Next is when there is more to end; zero: there is nothing.
func (s *subscriptions) at(now time.Time) (next time.Time) {
	s.now = now
	for len(s.replaced) > 0 && !s.replaced[0].due.After(now) {
		s.replaced[0].stop()
		s.replaced = s.replaced[1:]
	}
	if len(s.replaced) > 0 {
		next = s.replaced[0].due
	}
	return next
}

func (s *subscriptions) replace(stop func()) {
	s.replaced = append(s.replaced, replaced{s.now.Add(replacedFor), stop})
}

// subscription is that of a want.
type subscription struct {
	stop   func() // nil: it has none of its own
	place  int    // of a channel, in the list of its bucket
	failed bool   // it could not be made
}

// bucket has the channels in it that are wanted.
type bucket struct {
	wants []*want
	stop  func() // nil: it is not subscribed to
}

func newSubscriptions(w wire.Wire, space subject.Space, exact int, handle func(*wire.Message, bool)) *subscriptions {
	return &subscriptions{wire: w, space: space, exact: exact, handle: handle}
}

// begin subscribes to what is wanted.
func (s *subscriptions) begin(e *want) (err error) {
	if channel.IsWildcard([]byte(e.pattern)) {
		if e.stop, err = s.wire.Subscribe(s.space.Pattern(e.pattern), s.whole); err == nil {
			s.patterns.Add(1)
		}
		return err
	}
	number := subject.BucketOf(e.pattern)
	b := &s.buckets[number]
	switch {
	case b.stop != nil:
		s.inBuckets.Add(1)
	case s.channels.Load() < int64(s.exact):
		err = s.alone(e)
	default:
		if err = s.openBucket(number); err == nil {
			s.inBuckets.Add(1)
		}
	}
	if err == nil {
		e.place, b.wants = len(b.wants), append(b.wants, e)
	}
	return err
}

// alone subscribes to one channel.
func (s *subscriptions) alone(e *want) (err error) {
	if e.stop, err = s.wire.Subscribe(s.space.Channel(e.pattern), s.whole); err == nil {
		s.channels.Add(1)
	}
	return err
}

// openBucket subscribes to a bucket in place of the channels in it.
func (s *subscriptions) openBucket(number int) (err error) {
	b := &s.buckets[number]
	if b.stop, err = s.wire.Subscribe(s.space.Bucket(number), s.part); err != nil {
		return err
	}
	s.open.Add(1)
	for _, e := range b.wants {
		s.replace(e.stop)
		e.stop = nil
	}
	s.channels.Add(-int64(len(b.wants)))
	s.inBuckets.Add(int64(len(b.wants)))
	return nil
}

// closeBucket subscribes to the channels in a bucket in its place. If that fails it stays.
func (s *subscriptions) closeBucket(b *bucket) {
	for _, e := range b.wants {
		if e.stop != nil {
			continue // from an attempt before
		}
		if s.alone(e) != nil {
			return
		}
		s.inBuckets.Add(-1)
	}
	s.replace(b.stop)
	b.stop = nil
	s.open.Add(-1)
}

func (s *subscriptions) whole(m *wire.Message) { s.handle(m, false) }
func (s *subscriptions) part(m *wire.Message)  { s.handle(m, true) }

// end ends what begin has begun, or nothing if that has failed.
func (s *subscriptions) end(e *want) {
	if channel.IsWildcard([]byte(e.pattern)) {
		if e.stop != nil {
			e.stop()
			s.patterns.Add(-1)
		}
		return
	}
	b := &s.buckets[subject.BucketOf(e.pattern)]
	if e.place >= len(b.wants) || b.wants[e.place] != e {
		return
	}
	last := len(b.wants) - 1
	b.wants[e.place] = b.wants[last]
	b.wants[e.place].place = e.place
	b.wants[last] = nil
	b.wants = b.wants[:last]
	if e.stop != nil {
		e.stop()
		s.channels.Add(-1)
	} else {
		s.inBuckets.Add(-1)
	}
	if b.stop != nil && (last == 0 || s.channels.Load()+s.inBuckets.Load() < int64(s.exact)/2) {
		s.closeBucket(b)
	}
}
