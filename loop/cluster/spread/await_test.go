package spread

import (
	"testing"
	"time"

	"halley/loop/cluster/wire"
)

// awaits has a node wait for patterns, and returns what tells whether it waits still.
func (n *node) awaits(patterns ...string) (waits func() bool) {
	done := 0
	n.Await(patterns, func() { done++ })
	return func() bool { return done == 0 }
}

// Who subscribes goes on when all nodes know of it: what is published anywhere after that comes.
func TestAwait(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b, c := w.join(t, plain()), w.join(t, plain()), w.join(t, plain())
	w.pass(time.Second, a, b, c)
	b.want("/a", "/b/*")
	waits := b.awaits("/a", "/b/*")
	if !waits() {
		t.Fatal("it goes on, though nobody knows")
	}
	w.settle(b) // whose probe has reached the others
	if waits() {
		t.Error("it waits, though all know")
	}
	for _, patterns := range [][]string{{"/a"}, {"/b/*", "/a"}, {"/service/x"}, nil} {
		if waits := b.awaits(patterns...); waits() {
			t.Errorf("%q: it waits for what all know", patterns)
		}
	}
	a.publish("/a", 1)
	c.publish("/b/c", 2)
	w.settle(a, b, c)
	b.expect(t, []string{"/a 1", "/b/c 2"}, nil)
	if f := b.Figures(); f.Impatient != 0 {
		t.Errorf("%+v", f)
	}
}

// Nobody waits for others where there are none, or for one that is gone or leaves, or for a slow one longer than a second.
func TestAwaitSlowNode(t *testing.T) {
	t.Parallel()
	w := newWorld()
	alone := w.join(t, plain())
	alone.want("/a")
	waits := alone.awaits("/a")
	if w.settle(alone); waits() {
		t.Error("it waits for nobody")
	}
	slow := w.join(t, plain())
	w.pass(time.Second, alone, slow)
	w.lose(func(from, _ *wire.Memory, _ *wire.Message) bool { return from == slow.wire })
	alone.want("/b")
	waits = alone.awaits("/b")
	w.pass(patience/2, alone)
	if !waits() {
		t.Error("it has not waited")
	}
	w.pass(patience, alone)
	if waits() || alone.Figures().Impatient != 1 {
		t.Errorf("it waits: %t, %+v", waits(), alone.Figures())
	}
	alone.want("/c")
	waits = alone.awaits("/c")
	w.settle(alone)
	if !waits() {
		t.Error("it has not waited")
	}
	if alone.Gone(slow.out.me.Node); waits() {
		t.Error("it waits for a node that is gone")
	}
	w.lose(nil)
	w.pass(time.Second, alone, slow)
	alone.want("/d")
	waits = alone.awaits("/d")
	slow.Leave()
	if w.settle(alone); waits() {
		t.Error("it waits for a node that has left")
	}
}
