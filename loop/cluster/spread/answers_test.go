package spread

import (
	"testing"
	"time"

	"halley/loop/cluster/wire"
)

// An answer to later subscriptions is no answer to those before, whose own one is lost. If theirs is long in coming, they may have
// missed something.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	w.pass(2*time.Second, a, b)
	lost := func(_, _ *wire.Memory, m *wire.Message) bool {
		k, _, _, _ := parseHead(m.Data)
		return k == kindAnswer || m.Subject == b.out.space.Channel("/a")
	}
	w.lose(lost)
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
	w.lose(lost)
	w.pass(2*time.Second, a, b)
	w.lose(nil)
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a", "/b"})
}

// What comes before the answer tells nothing of what was published before the subscription was known; the answer does.
func TestEarlyMessage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	w.pass(2*time.Second, a, b)
	a.publish("/c", 6)
	b.want("/c")
	b.work()
	a.publish("/c", 7)
	w.pass(2*time.Second, a, b)
	b.expect(t, []string{"/c 7"}, nil)
}
