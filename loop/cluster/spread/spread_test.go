package spread

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"halley/loop/cluster/subject"
)

// What is published on one node comes to the others that want it, once, however many of their patterns take it.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b, c := w.join(t, plain()), w.join(t, plain()), w.join(t, plain())
	b.want("/a/b", "/a/*", "/a/**", "/**")
	c.want("/c")
	w.settle(a, b, c)
	for n := range 3 {
		a.publish("/a/b", n)
	}
	b.publish("/a/b", 3)
	w.settle(a, b, c)
	b.expect(t, []string{"/a/b 0", "/a/b 1", "/a/b 2"}, nil)
	c.expect(t, nil, nil)
	if f := b.Figures(); f.In != 3 || f.Copies != 9 || f.Channels != 1 || f.Patterns != 3 || f.Subscriptions != 4 || f.Gaps != 0 {
		t.Errorf("%+v", f)
	}
	if f := a.Figures(); f.Out != 3 || f.In != 0 {
		t.Errorf("%+v", f)
	}
	for _, own := range []string{"/service/x", "/meta/x", "/presence/x"} {
		b.want(own)
		a.publish(own, 1)
	}
	b.want("/presence") // which is a channel like any other
	w.settle(a, b, c)
	a.publish("/presence", 4)
	w.settle(a, b, c)
	b.expect(t, []string{"/presence 4"}, nil)
	if f := a.Figures(); f.Out != 4 {
		t.Errorf("%+v", f)
	}
}

// A message that is lost is told of with the next one of its channel, and of a channel that falls silent within a second: once, to
// the subscribers of that channel.
func TestLossIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	b.want("/a", "/b", "/c/*")
	w.settle(a, b)
	a.publish("/a", 1)
	a.publish("/c/d", 1)
	w.lose(losing("/a"))
	a.publish("/a", 2)
	w.lose(nil)
	a.publish("/b", 3)
	w.settle(a, b)
	b.expect(t, []string{"/a 1", "/c/d 1", "/b 3"}, nil)
	a.publish("/a", 4)
	w.settle(a, b)
	b.expect(t, []string{"/a 4"}, []string{"/a"})
	w.lose(losing("/c/d"))
	a.publish("/c/d", 5)
	w.lose(losing("/x"))
	w.pass(time.Second, a, b)
	b.expect(t, nil, []string{"/c/d"})
	a.publish("/c/d", 6)
	w.pass(5*time.Second, a, b)
	b.expect(t, []string{"/c/d 6"}, nil)
	if f := b.Figures(); f.Gaps != 2 || f.GapsOfAll != 0 {
		t.Errorf("%+v", f)
	}
}

// The first message to a channel tells of one before it that had to come, and only of that: not of those from before the
// subscription, which nobody here wanted.
func TestFirstMessage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	for n := range 3 {
		a.publish("/a", n)
		a.publish("/b", n)
	}
	b.want("/a", "/b")
	w.settle(a, b)
	w.lose(losing("/b"))
	a.publish("/b", 4)
	w.lose(nil)
	a.publish("/a", 5)
	a.publish("/b", 6)
	w.settle(a, b)
	b.expect(t, []string{"/a 5", "/b 6"}, []string{"/b"})
	w.pass(3*time.Second, a, b)
	b.expect(t, nil, nil)
}

// A node that begins owes its messages to the subscriptions that were there before it; those that it has published before anybody
// could subscribe it does not.
func TestNodeThatBegins(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.join(t, plain())
	b.want("/a", "/z")
	w.settle(b)
	w.pass(time.Second, b)
	a := w.join(t, plain())
	w.lose(losing("/a"))
	a.publish("/a", 1)
	w.lose(nil)
	a.publish("/a", 2)
	w.settle(a, b)
	w.pass(time.Second, a, b)
	b.expect(t, []string{"/a 2"}, []string{"/a"})

	late := w.join(t, plain()) // it has missed nothing
	w.pass(2*time.Second, a, b, late)
	late.want("/a")
	w.settle(a, b, late)
	a.publish("/a", 3)
	w.settle(a, b, late)
	w.pass(2*time.Second, a, b, late)
	late.expect(t, []string{"/a 3"}, nil)
	b.expect(t, []string{"/a 3"}, nil)
}

// A node that was cut off finds out what it has missed, from what the others say again: of channels without a message it is not told.
func TestCut(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	b.want("/a", "/b", "/c")
	w.settle(a, b)
	a.publish("/a", 1)
	w.pass(2*time.Second, a, b)
	b.wire.Cut(true)
	a.publish("/a", 2)
	w.pass(3*time.Second, a, b)
	b.expect(t, []string{"/a 1"}, nil)
	a.publish("/b", 3)
	w.pass(3*time.Second, a, b)
	b.wire.Cut(false)
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a", "/b"})
	if f := b.Figures(); f.Asked != 1 {
		t.Errorf("%+v", f)
	}

	b.wire.Cut(true)
	for n := range mostKept + 10 { // more than anybody remembers
		a.publish(fmt.Sprintf("/x/%d", n), n)
		w.pass(beatEvery, a, b)
	}
	b.expect(t, nil, []string{all}) // since the other one was silent for so long
	b.wire.Cut(false)
	w.pass(4*time.Second, a, b)
	b.expect(t, nil, []string{all})
	a.publish("/a", 9)
	w.pass(2*time.Second, a, b)
	b.expect(t, []string{"/a 9"}, nil)

	b.wire.Cut(true)
	w.pass(2*time.Second, a, b)
	a.publish("/a", 10)
	w.pass(2*time.Second, a, b)
	b.wire.Cut(false)
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a"})
}

// Of a node that is gone nobody knows what it has published last, unless it says so, be it a little later.
func TestGone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b, c := w.join(t, plain()), w.join(t, plain()), w.join(t, plain())
	b.want("/a")
	w.settle(a, b, c)
	w.pass(time.Second, a, b, c)
	a.publish("/a", 1)
	c.publish("/a", 2)
	b.Gone(c.out.me.Node)
	c.Leave()
	w.pass(3*time.Second, a, b)
	b.expect(t, []string{"/a 1", "/a 2"}, nil)
	b.Gone(a.out.me.Node)
	a.publish("/a", 3) // it is there all the time
	w.pass(3*time.Second, a, b)
	b.expect(t, []string{"/a 3"}, nil)

	b.wire.Cut(true) // but not heard
	w.pass(time.Second, a, b)
	b.Gone(a.out.me.Node)
	b.Gone(a.out.me.Node)
	a.publish("/a", 4)
	w.pass(time.Second, a, b)
	b.expect(t, nil, nil)
	w.pass(time.Second, a, b)
	b.expect(t, nil, []string{all})
	w.pass(20*time.Second, a, b)
	b.expect(t, nil, nil)
	b.wire.Cut(false)
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a"})

	b.wire.Cut(true) // and nobody says so
	w.pass(silentAfter*time.Millisecond, a, b)
	b.expect(t, nil, nil)
	w.pass(time.Second, a, b)
	b.expect(t, nil, []string{all})
}

// A node that has stood still hears the others before it takes them for gone.
func TestStandstill(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	b.want("/a", "/b")
	w.pass(5*time.Second, a, b)
	for range 30 {
		w.now = w.now.Add(beatEvery)
		a.beat()
	}
	w.lose(losing("/a"))
	a.publish("/a", 1)
	w.lose(nil)
	b.Gone(a.out.me.Node)
	b.beat()
	b.collect()
	b.expect(t, nil, nil)
	w.pass(5*time.Second, a, b)
	b.expect(t, nil, []string{"/a"})
}

// A node may be gone before it has said how much it has published, or before anything of it was heard.
func TestGoneEarly(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b, d := w.join(t, plain()), w.join(t, plain())
	b.want("/a")
	w.settle(b, d)
	d.publish("/a", 5)
	w.settle(b, d)
	b.Gone(d.out.me.Node)
	w.pass(5*time.Second, b)
	b.expect(t, []string{"/a 5"}, []string{all})
	b.Gone(99)
	w.pass(3*time.Second, b)
	b.expect(t, nil, []string{all})
	for n := range uint16(mostMourned + 1) {
		b.Gone(1000 + n)
	}
	w.settle(b)
	b.expect(t, nil, []string{all})
	c := w.join(t, plain()) // wants nothing
	c.Gone(99)
	w.pass(5*time.Second, c)
	c.expect(t, nil, nil)

	// What comes after a farewell makes it none.
	e := w.join(t, plain())
	w.pass(5*time.Second, b, e)
	b.take()
	e.Leave()
	e.publish("/a", 6)
	w.settle(b, e)
	b.Gone(e.out.me.Node)
	w.pass(3*time.Second, b)
	if _, missed := b.take(); len(missed) != 1 || missed[0] != all {
		t.Errorf("told %v", missed)
	}
}

// A subscription that a node cannot confirm for long may have missed what was published meanwhile.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	w.pass(time.Second, a, b)
	b.wire.Cut(true)
	b.want("/a", "/b/*")
	w.settle(a, b)
	a.publish("/a", 1)
	w.pass(3*time.Second, a, b)
	b.wire.Cut(false)
	w.pass(2*time.Second, a, b)
	b.expect(t, nil, []string{"/a", "/b/*"})
	a.publish("/a", 2)
	w.pass(2*time.Second, a, b)
	b.expect(t, []string{"/a 2"}, nil)
}

// Channels whose subjects would be too long are refused at the start.
func TestCheck(t *testing.T) {
	t.Parallel()
	space := subject.Of("x")
	if err := Check(space, 1200); err != nil {
		t.Error(err)
	}
	if err := Check(space, 4096); err == nil || !strings.HasPrefix(err.Error(), "--max-channel-length: at most ") {
		t.Errorf("%v", err)
	}
}
