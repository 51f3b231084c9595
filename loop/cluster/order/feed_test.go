package order

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bayeux/history"
	"halley/loop/cluster/wire"
)

// publishAll publishes numbers, one after the other.
func (w *world) publishAll(n *node, from, upto int) {
	for i := from; i <= upto; i++ {
		n.publish("/h/a", fmt.Sprint(i))
		w.net.Deliver()
	}
}

// texts are the data of what a node has delivered.
func (n *node) texts() (list []string) {
	for _, text := range n.got {
		list = append(list, strings.Fields(text)[1])
	}
	return list
}

// numbers are those from one to another.
func numbers(from, upto int) (list []string) {
	for i := from; i <= upto; i++ {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

// What one node does not hear it reads before it goes on, in order and once; also what is missing at the end, of which no later event
// tells.
func TestHolesAreHealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.stream.passes = func(n int64) bool { return n%10 < 3 }
	w.publishAll(a, 1, 50)
	want(t, "without the end", b.texts(), numbers(1, len(b.texts())))
	w.pass(1100 * time.Millisecond)
	for _, n := range w.nodes {
		want(t, "all", n.texts(), numbers(1, 50))
	}
	if f := b.Figures(); f.Healed != 35 || f.Lost != 0 || f.Lag != 0 {
		t.Errorf("%+v", f)
	}
	if here := strings.Count(strings.Join(a.got, ","), "here"); here != 50 || strings.Contains(strings.Join(b.got, ","), "here") {
		t.Errorf("%d were published at the first node, as it says", here)
	}
}

// Messages of a read that are lost are not taken for deleted ones.
func TestLostPartsOfARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.stream.passes = func(int64) bool { return false }
	lost := 0
	w.net.Lose = func(_, to *wire.Memory, m *wire.Message) bool {
		lose := to == b.wire && strings.Contains(m.Subject, ".a.n1.r.") && lost < 40 && (lost*7)%3 == 0
		if strings.Contains(m.Subject, ".a.n1.r.") {
			lost++
		}
		return lose
	}
	w.publishAll(a, 1, 30)
	w.pass(5 * time.Second)
	want(t, "all", b.texts(), numbers(1, 30))
	want(t, "lost", b.Figures().Lost, 0)
}

// A node that keeps the stream and is behind does not make what it does not have yet look deleted.
func TestReadFromOneThatIsBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.net.Lose = func(_, to *wire.Memory, m *wire.Message) bool {
		return to == b.wire && strings.HasPrefix(m.Subject, prefix+".r.") && len(w.stream.rows) != 20
	}
	w.stream.behind = 20
	w.publishAll(a, 1, 20)
	w.pass(time.Second) // by the leader, one by one
	want(t, "by the leader", b.texts(), numbers(1, 20))
	w.stream.leads = false
	w.stream.rows = append(w.stream.rows, w.stream.rows[:5]...)
	for i := range 5 {
		r := &w.stream.rows[20+i]
		r.number, r.data = w.stream.first+int64(20+i), []byte(newEvent("/h/a", fmt.Sprint(21+i)))
	}
	w.net.Lose, w.stream.behind = nil, 5
	w.stream.pass(w.stream.rows[24])
	w.pass(time.Second)
	want(t, "without a leader, behind", len(b.got), 20)
	w.stream.behind = 1
	w.pass(time.Second)
	want(t, "without a leader, up to what was heard", b.texts(), numbers(1, 25))
}

// What the stream has deleted before it was read is skipped. Who subscribes to channels with a history is told.
func TestDeletedBeforeItWasRead(t *testing.T) {
	t.Parallel()
	for _, gone := range [][]int64{{3, 4}, {3, 4, 5, 6}, {5, 6}} { // amid, to the end, at the end
		w := newWorld(t)
		a, b := w.join("/h/** history=100", "/x snapshot"), w.join()
		w.ready()
		w.publishAll(a, 1, 2)
		w.net.Lose = func(_, to *wire.Memory, m *wire.Message) bool { return to == b.wire }
		w.publishAll(a, 3, 6)
		for _, n := range gone {
			w.stream.drop(w.stream.first + n - 1)
		}
		w.net.Lose = nil
		w.pass(3 * time.Second)
		w.publishAll(a, 7, 7)
		wanted := slices.DeleteFunc(numbers(1, 7), func(text string) bool { return slices.Contains(gone, int64(text[0]-'0')) })
		want(t, "delivered", b.texts(), wanted)
		want(t, "told", b.missed[:1], []string{"/h/**"})
		want(t, "counted", b.Figures().Lost, len(gone))
		want(t, "to the one that had them", len(a.missed), 0)
	}
}

// Where the oldest went before they were read, cursors before them are refused.
func TestTooFarBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.publishAll(a, 1, 2)
	w.net.Lose = func(_, to *wire.Memory, m *wire.Message) bool { return to == b.wire }
	w.publishAll(a, 3, 8)
	w.stream.drop(w.stream.first, w.stream.first+1, w.stream.first+2, w.stream.first+3)
	w.net.Lose = nil
	w.pass(3 * time.Second)
	want(t, "delivered", b.texts(), []string{"1", "2", "5", "6", "7", "8"})
	for after, wanted := range map[int64]string{1: "1:400", 2: "1:400", 3: "1: 5 6 7 8", 5: "1: 7 8"} {
		b.answers = nil
		b.recall(w.stream.first + after)
		if !strings.HasPrefix(b.answers[0], wanted) {
			t.Errorf("after %d: %q", after, b.answers)
		}
	}
}

// A node that starts has what there was, and delivers none of it. Then it is ready.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.join("/h/** history=5000")
	w.ready()
	w.publishAll(a, 1, 2500)
	b := w.join("/h/** history=5000")
	b.recall(w.stream.first + 2490)
	w.publishAll(a, 2501, 2505)
	want(t, "delivered before it is ready", len(b.got), 0)
	want(t, "answered before it is ready", len(b.answers), 0)
	w.ready()
	w.publishAll(a, 2506, 2510)
	want(t, "delivered", b.texts(), numbers(2506, 2510))
	want(t, "the answer that waited", b.answers, []string{"1: " + strings.Join(numbers(2492, 2505), " ")})
	if f := b.Figures(); f.Lost != 0 || f.Healed != 0 || b.troubles[len(b.troubles)-1] != "" || len(b.troubles) < 2 {
		t.Errorf("%+v, %q", f, b.troubles)
	}
}

// What is not an event, or of another channel than its subject says, is counted and dropped.
func TestForeign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	for _, m := range []wire.Message{
		{Subject: prefix + ".h.a", Data: []byte("x")}, {Subject: prefix + ".h.h.a", Data: []byte(newEvent("/h/b", "1"))},
		{Subject: prefix + ".h.h.a", Data: []byte(newEvent("/h/a", "2"))}, {Subject: prefix + ".h.h.a"},
	} {
		w.stream.add(&m)
	}
	w.stream.wire.Send(wire.Message{Subject: prefix + ".r.h.a", Data: []byte(newEvent("/h/a", "3"))})
	w.stream.wire.Send(wire.Message{Subject: prefix + ".a.n0.x", Data: []byte("4")})
	w.stream.wire.Send(wire.Message{Subject: prefix + ".a.n0.p.9999", Data: []byte("5")})
	w.net.Deliver()
	want(t, "delivered", n.texts(), []string{"2"})
	want(t, "counted", n.Figures().Foreign, 3)
}

// What comes behind a hole is held, up to a bound; what is beyond it is read.
func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.net.Lose = func(from, to *wire.Memory, m *wire.Message) bool {
		return from == b.wire && strings.Contains(m.Subject, "DIRECT") || to == b.wire && len(w.stream.rows) == 1
	}
	long := `"` + strings.Repeat("x", 900<<10) + `"`
	for i := range 12 {
		a.publish("/h/a", strings.Repeat(" ", i)+long)
		w.net.Deliver()
	}
	if size := b.feed.size; size > mostHeld || size < mostHeld/2 {
		t.Errorf("%d bytes are held", size)
	}
	w.net.Lose = nil
	w.pass(2 * time.Second)
	want(t, "delivered", len(b.got), 12)
	want(t, "held", []int{b.feed.size, len(b.feed.held)}, []int{0, 0})
}

// A stream that is made anew has greater numbers. What was remembered of the one before is forgotten, and its cursors are refused.
func TestNewStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	old := w.stream.first
	w.publishAll(a, 1, 5)
	w.stream.config = nil
	w.pass(3 * time.Second)
	w.publishAll(a, 6, 9)
	w.pass(time.Second)
	want(t, "delivered", b.texts(), numbers(1, 9))
	if first := w.stream.first; first <= old+4 {
		t.Errorf("the numbers begin at %d, and were %d before", first, old)
	}
	for after, wanted := range map[int64]string{old + 3: "1:400", history.Earliest: "1: 6 7 8 9", w.stream.first + 1: "1: 8 9"} {
		b.answers = nil
		b.recall(after)
		if !strings.HasPrefix(b.answers[0], wanted) {
			t.Errorf("after %d: %q", after, b.answers)
		}
	}
	want(t, "counted", b.Figures().Renewed, 1)
}

// Numbers that go back are noticed, unless it is a leader that is none any more who says so: nobody may go on from one of those before.
func TestNumbersGoBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.publishAll(n, 1, 9)
	rows := w.stream.rows
	w.stream.rows = slices.Clone(rows[:6])
	w.pass(2 * time.Second)
	w.stream.rows = rows
	w.pass(2 * time.Second)
	want(t, "after an old leader", n.Figures().Renewed, 0)
	w.stream.rows = slices.Clone(rows[:6])
	w.pass(8 * time.Second)
	want(t, "after a loss", n.Figures().Renewed, 1)
	w.publishAll(n, 10, 12)
	want(t, "delivered", n.texts(), numbers(1, 12))
	want(t, "told", n.missed, []string{"/h/**"})
	n.recall(w.stream.first + 5)
	if !strings.HasPrefix(n.answers[0], "1:400") {
		t.Errorf("%q", n.answers)
	}
}

// A node that begins does not take a stream that was never used for one that has lost all: what another node publishes at that moment
// would be gone with it.
func TestUnusedStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.stream.config["storage"] = "memory"
	w.pass(10 * time.Second)
	first := w.stream.first
	c := w.join()
	for range 20 {
		w.pass(200 * time.Millisecond)
	}
	w.publishAll(a, 1, 1)
	want(t, "of one that is used", w.stream.first, first)
	for _, n := range []*node{a, b, c} {
		if want(t, "delivered", n.texts(), numbers(1, 1)); !n.Ready() {
			t.Error("a node is not ready")
		}
	}
}

// A stream in memory that has lost all begins with its first number again: before it gives one, it is made anew. One that nobody has
// published to stays.
func TestEmptiedStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.stream.config["storage"] = "memory"
	w.pass(10 * time.Second)
	want(t, "of one that was never used", w.stream.first, a.feed.last+1)
	w.publishAll(a, 1, 3)
	old := w.stream.first
	w.stream.rows = nil
	w.pass(2 * time.Second)
	w.publishAll(a, 4, 5)
	if w.stream.first <= old+2 {
		t.Errorf("the numbers begin at %d again", w.stream.first)
	}
	want(t, "delivered", b.texts(), numbers(1, 5))
	c := w.join()
	w.stream.rows, w.stream.config["storage"] = nil, "memory"
	w.stream.created = w.time.Add(-time.Minute)
	a.cut()
	b.cut()
	old = w.stream.first
	w.pass(2 * time.Second)
	if w.stream.first == old || !c.Ready() {
		t.Error("a node that starts takes the numbers of before for new ones")
	}
}
