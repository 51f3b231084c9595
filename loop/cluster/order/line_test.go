package order

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"halley/loop/cluster/wire"
	"halley/loop/journal"
)

// What is published comes to all nodes with one number, and its publisher is told when it is stored and has been heard here. What comes
// while something is under way goes together.
func TestPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	a.publish("/h/a", "1", "2", "3")
	b.publish("/h/b", "4")
	a.together(nil, "5", "6")
	want(t, "told before", len(a.results), 0)
	w.net.Deliver()
	first := w.stream.first
	want(t, "first number", first, w.stream.created.UnixMicro())
	want(t, "stored", w.stream.texts(), []string{"1", "4", "2", "3", "5", "6"})
	want(t, "a's", strings.Join(a.got, ","), strings.ReplaceAll("2000000 1 here,2000001 4,2000002 2 here,2000003 3 here,2000004 5 here,2000005 6 here", "200000", strings.TrimSuffix(fmt.Sprint(first), "0")))
	want(t, "b's", len(b.got), 6)
	want(t, "results", a.results, map[string]error{"1": nil, "2": nil, "3": nil, "5+6": nil})
	want(t, "figures", a.Figures().Stored, 5)
}

// Without a leader a publish is refused at once, and so are those that follow, without being sent. All goes on when there is one.
func TestNoLeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	n.publish("/h/a", "0")
	want(t, "before the stream is known", n.results["0"], journal.ErrBusy)
	w.ready()
	w.stream.leads = false
	n.publish("/h/a", "1", "2")
	w.net.Deliver()
	n.publish("/h/a", "3")
	for _, text := range []string{"1", "2", "3"} {
		want(t, text, n.results[text], journal.ErrBusy)
	}
	w.pass(5 * time.Second)
	w.stream.leads = true
	w.pass(1500 * time.Millisecond)
	n.publish("/h/a", "4")
	w.net.Deliver()
	want(t, "stored", w.stream.texts(), []string{"4"})
	want(t, "refused", n.Figures().Refused, 4)
}

// What has no answer goes again until it has one, once in the stream and before all else. New publishes are refused meanwhile.
func TestRepeated(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what  string
		fault func(s *fakeStream, on bool)
	}{
		{"silence", func(s *fakeStream, on bool) { s.silent = on }},
		{"lost answers", func(s *fakeStream, on bool) { s.mute = on }},
	} {
		w := newWorld(t)
		n := w.join()
		w.ready()
		row.fault(w.stream, true)
		n.publish("/h/a", "1")
		n.together(nil, "2", "3")
		w.pass(1100 * time.Millisecond)
		want(t, row.what+": behind it", n.results["2+3"], journal.ErrBusy)
		n.publish("/h/a", "4")
		want(t, row.what+": refused", n.results["4"], journal.ErrBusy)
		row.fault(w.stream, false)
		w.pass(1200 * time.Millisecond)
		n.publish("/h/a", "5")
		w.net.Deliver()
		want(t, row.what, w.stream.texts(), []string{"1", "5"})
		if err, told := n.results["1"]; !told || err != nil {
			t.Errorf("%s: the first: %v, %v", row.what, told, err)
		}
		if f := n.Figures(); f.Repeated == 0 || f.Stored != 2 {
			t.Errorf("%s: %+v", row.what, f)
		}
	}
}

// A batch is stored once, however often it goes.
func TestBatchIsRepeatedAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	lost := 0
	w.net.Lose = func(_, _ *wire.Memory, m *wire.Message) bool { // the second of three, twice
		lose := field(m, placeField) == "2" && lost < 2
		if lose {
			lost++
		}
		return lose
	}
	n.together(nil, "1", "2", "3")
	w.pass(time.Second)
	want(t, "after parts were lost", w.stream.texts(), []string{"1", "2", "3"})
	w.stream.mute = true
	n.together(nil, "4", "5")
	w.pass(2500 * time.Millisecond)
	w.stream.mute = false
	w.pass(time.Second)
	want(t, "after answers were lost", w.stream.texts(), []string{"1", "2", "3", "4", "5"})
	want(t, "results", n.results, map[string]error{"1+2+3": nil, "4+5": nil})
}

// A leader that is elected is told at once what is in doubt.
func TestElected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.stream.silent = true
	n.publish("/h/a", "1")
	w.pass(1200 * time.Millisecond)
	w.stream.silent = false
	w.stream.wire.Send(wire.Message{Subject: "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.S"})
	w.net.Deliver()
	want(t, "stored", w.stream.texts(), []string{"1"})
}

// After ten seconds a publisher is told that nobody knows, or that it was not stored where that is certain.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		end  func(s *fakeStream)
		want error
	}{
		{func(s *fakeStream) { s.silent = true }, ErrUnknown},
		{func(s *fakeStream) { s.refuses = func(*wire.Message) int { return 10210 } }, journal.ErrBusy},
	} {
		w := newWorld(t)
		n := w.join()
		w.ready()
		row.end(w.stream)
		n.publish("/h/a", "1")
		w.pass(9 * time.Second)
		want(t, "told too early", len(n.results), 0)
		w.pass(1500 * time.Millisecond)
		want(t, "told", n.results["1"], row.want)
		f := n.Figures()
		want(t, "counted", f.Unknown+f.Refused, 1)
		want(t, "waiting", f.Waiting, 0)
	}
}

// What was under way when the connection was lost goes again.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.net.Lose = func(from, to *wire.Memory, _ *wire.Message) bool { return from == w.stream.wire && to == n.wire }
	n.publish("/h/a", "1")
	w.net.Deliver()
	n.wire.Cut(true)
	w.net.Lose = nil
	w.pass(200 * time.Millisecond)
	n.publish("/h/a", "2")
	want(t, "while it is lost", n.results["2"], journal.ErrBusy)
	n.wire.Cut(false)
	w.pass(200 * time.Millisecond)
	want(t, "stored", w.stream.texts(), []string{"1"})
	want(t, "results", n.results["1"], nil)
	want(t, "delivered", len(n.got), 1)
}

// What does not fit is refused at once, with a reason of its own.
func TestLineIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	n.publish("/h/a", `"`+strings.Repeat("x", 1<<20)+`"`)
	n.together(nil, make([]string, 1001)...)
	n.publish("/h/"+strings.Repeat(".", 1200), "long name")
	for text, err := range n.results {
		if wanted := map[bool]error{true: ErrTogether, false: ErrLarge}[strings.HasPrefix(text, "+")]; err != wanted {
			t.Errorf("%v, want %v", err, wanted)
		}
	}
	w.stream.silent = true
	text := `"` + strings.Repeat("y", 1<<19) + `"`
	n.publish("/h/a", text+" ", text+"  ", text+"   ")
	want(t, "the second", n.results[text+"  "], journal.ErrBusy)
}

// An event whose key another node has published is left out, alone or in a batch, and what is stored of a batch that is repeated stays
// there once.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.join(), w.join()
	w.ready()
	a.together([]string{"k1"}, "1")
	w.net.Deliver()
	b.together([]string{"k1"}, "1")
	w.net.Deliver()
	b.together([]string{"k1", "k2", ""}, "1", "2", "3")
	w.net.Deliver()
	b.together([]string{"k2", "k2", "k1"}, "2", "2", "1")
	w.net.Deliver()
	want(t, "stored", w.stream.texts(), []string{"1", "2", "3"})
	want(t, "results", b.results, map[string]error{"1": nil, "1+2+3": nil, "2+2+1": nil})
	w.stream.mute = true
	a.together([]string{"k2", "k\r\n4", ""}, "2", "4", "5")
	w.pass(500 * time.Millisecond)
	w.stream.mute = false
	w.pass(3 * time.Second)
	want(t, "after lost answers", w.stream.texts(), []string{"1", "2", "3", "4", "5"})
	want(t, "figures", b.Figures().Known, 4)
}

// Two publishes with one key do not go together: they would refuse each other.
func TestSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	n.publish("/h/a", "0")
	n.together([]string{"k", ""}, "1", "2")
	n.together([]string{"k", ""}, "1", "3")
	w.net.Deliver()
	want(t, "stored", w.stream.texts(), []string{"0", "1", "2", "3"})
}

// One event that the stream will not take fails alone, and its publisher hears why.
func TestRefusedAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.stream.refuses = func(m *wire.Message) int {
		if bad := strings.Contains(string(m.Data), ":3"); bad || field(m, commitField) != "" && field(m, placeField) == "3" {
			return 10054
		}
		return 0
	}
	n.publish("/h/a", "1", "2", "3", "4")
	w.net.Deliver()
	want(t, "stored", w.stream.texts(), []string{"1", "2", "4"})
	if err := n.results["3"]; err == nil || !strings.Contains(err.Error(), "error 10054") {
		t.Errorf("the third: %v", err)
	}
	want(t, "figures", n.Figures().Failed, 1)
}

// At the end all who wait are told: what is under way may be stored, all else is not.
func TestClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.stream.silent = true
	n.publish("/h/a", "1", "2")
	n.line.close()
	n.publish("/h/a", "3")
	want(t, "results", n.results, map[string]error{"1": ErrUnknown, "2": journal.ErrClosed, "3": journal.ErrClosed})
}
