package spread

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/loop/cluster/wire"
)

// What was published before a time is known as far back as is remembered, as a list of all messages has it.
func TestMoments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var m moments
		var all []int64
		at := int64(0)
		for range rapid.IntRange(0, 3*len(m.ring)/2).Draw(t, "messages") {
			at += int64(rapid.SampledFrom([]int{0, 1, 5}).Draw(t, "later"))
			all = append(all, at)
			m.add(at, uint64(len(all)))
		}
		for range 10 {
			when := rapid.Int64Range(-2, at+2).Draw(t, "when")
			want := uint64(0)
			for want < uint64(len(all)) && all[want] < when {
				want++
			}
			got, known := m.before(when, uint64(len(all)))
			if known && got != want || !known && (len(all) <= len(m.ring) || want > uint64(len(all)-len(m.ring))) {
				t.Fatalf("%d before %d, known %t, want %d of %d", got, when, known, want, len(all))
			}
		}
	})
}

// What an answer says depends on how long it took: the longer, the earlier the moment, so that no message is left out.
func TestReplies(t *testing.T) {
	t.Parallel()
	a := reply{before: [mostSlacks]uint64{9, 8, 7, 6, 5, 4, 1, 0, 0}}
	for _, c := range []struct {
		took  time.Duration
		want  uint64
		known bool
	}{
		{0, 8, true}, {time.Millisecond, 8, true}, {1001 * time.Microsecond, 7, true}, {50 * time.Millisecond, 3, true}, {100 * time.Millisecond, 0, true},
		{101 * time.Millisecond, 0, false}, {time.Minute, 0, false},
	} {
		if got, known := a.since(c.took.Microseconds()); known != c.known || known && got != c.want {
			t.Errorf("after %v %d, known %t", c.took, got, known)
		}
	}
}

// A message that is published after a subscription somewhere else comes there or is told of, though its publisher may not know of the
// subscription yet; what was published before is no matter of it.
func TestSubscriptionMoment(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	w.pass(2*time.Second, a, b)
	a.publish("/a", 1)
	a.publish("/b", 2)
	b.want("/a")
	b.want("/b")
	a.publish("/a", 3) // nobody has subscribed at the wire yet
	w.settle(a, b)
	b.expect(t, nil, nil)
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a"})
	a.publish("/a", 4)
	a.publish("/b", 5)
	w.pass(2*time.Second, a, b)
	b.expect(t, []string{"/a 4", "/b 5"}, nil)

	b.want("/c") // and the same when the next message comes before the answer
	a.publish("/c", 6)
	b.work()
	a.publish("/c", 7)
	w.settle(a, b)
	b.expect(t, []string{"/c 7"}, []string{"/c"})
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, nil)
}

// An answer to later subscriptions is no answer to those before, whose own one is lost.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	w.pass(2*time.Second, a, b)
	w.lose(func(from, _ *wire.Memory, m *wire.Message) bool {
		k, _, _, _ := parseHead(m.Data)
		return k == kindAnswer || m.Subject == b.out.space.Channel("/a")
	})
	b.want("/a")
	b.work()
	a.publish("/a", 1)
	w.net.Deliver()
	w.lose(nil)
	b.want("/b")
	w.settle(a, b)
	if o := b.in.origins[a.out.me]; o.batch() != 0 {
		t.Errorf("batch %d is confirmed", o.batch())
	}
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a"})
}
