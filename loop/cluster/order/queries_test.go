package order

import (
	"strings"
	"testing"
	"time"

	"halley/bayeux/history"
	"halley/loop/cluster/wire"
	"halley/loop/sequence"
)

// A cursor of an event that has not come here yet waits for it. One that the stream has never given is refused, as soon as that is known.
func TestCursorAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.net.Lose = func(_, to *wire.Memory, m *wire.Message) bool {
		return to == b.wire && strings.HasPrefix(m.Subject, prefix+".r.")
	}
	w.publishAll(a, 1, 3)
	b.recall(w.stream.first + 1)
	b.recall(w.stream.first + 100)
	want(t, "at once", len(b.answers), 0)
	want(t, "they are counted", b.Figures().Delayed, 2)
	w.net.Lose = nil
	w.pass(300 * time.Millisecond)
	if len(b.answers) != 2 || b.answers[0] != "1: 3" || !strings.HasPrefix(b.answers[1], "1:400") {
		t.Errorf("%q", b.answers)
	}
}

// Without the stream a cursor is refused for now, not for good; what there is of snapshots is told all the same.
func TestQueriesWithoutAStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stream.silent = true
	n := w.join("/h/** history=9", "/s snapshot")
	n.local.Publish(newEvent("/s", "1"), n.local.Rules().Of([]byte("/s")), func(error) {})
	n.recall(1000)
	n.Recall(sequence.Query{Ticket: 2, Wanted: []history.Wanted{{Pattern: "/**"}}})
	n.recall(history.Tip)
	w.pass(3 * time.Second)
	want(t, "soon", n.answers, []string{"2: 1", "1:"})
	w.pass(8 * time.Second)
	want(t, "late", n.answers[2:], []string{"1:503::server_busy"})
}

// Where no channel has a history nothing is asked, and nobody waits.
func TestWithoutHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join("/s snapshot")
	w.pass(3 * time.Second)
	n.recall(5)
	n.Publish(newEvent("/s", "1"), n.local.Rules().Of([]byte("/s")), func(err error) { n.told("1", err) })
	want(t, "asked", len(w.stream.asked), 0)
	want(t, "answers", len(n.answers), 1)
	want(t, "published", n.results, map[string]error{"1": nil})
	want(t, "troubles", n.troubles, []string{""})
	n.local.SetRules(*w.join().local.Rules())
	w.ready()
	n.publish("/h/a", "2")
	w.net.Deliver()
	want(t, "after new rules", n.texts(), []string{"1", "2"})
}

// What a node has read without a leader who says that it is all there is told after a while.
func TestQueriesAfterAReadWithoutALeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	w.stream.passes = func(n int64) bool { return n == w.stream.first+2 }
	w.publishAll(a, 1, 3)
	w.stream.leads = false
	b.recall(w.stream.first)
	w.pass(time.Second)
	want(t, "delivered", b.texts(), numbers(1, 3))
	want(t, "at once", len(b.answers), 0)
	w.pass(2 * time.Second)
	want(t, "after a while", b.answers, []string{"1: 2 3"})
}
