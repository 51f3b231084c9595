package nodes

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/loop/cluster/wire"
)

// world is some nodes on a wire, and their clock.
type world struct {
	net   wire.Network
	now   time.Duration
	nodes []*member
	log   bytes.Buffer
}

// member is a node with what it was told of others.
type member struct {
	*Nodes
	world *world
	wire  *wire.Memory
	told  []string
	done  []func() // that were not called yet
	slow  bool     // it calls done by and by
	still bool
}

// Now implements Clock.
func (w *world) Now() time.Duration { return w.now }

// Unix implements Clock.
func (w *world) Unix() int64 { return 1_800_000_000_000 + w.now.Milliseconds() }

// Wait implements Clock.
func (w *world) Wait(ctx context.Context, d time.Duration) error {
	w.net.Deliver()
	w.now += d
	return ctx.Err()
}

const timeout = 3 * time.Second

func (w *world) options(m *member, number uint16) Options {
	return Options{
		Settings: Settings{Timeout: timeout}, Wire: m.wire, Prefix: "p", Address: fmt.Sprint("a", number), Loops: 2, Versions: Versions{1, 1},
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Clock: w,
		Random: func(b []byte) {
			if len(b) == 2 {
				binary.BigEndian.PutUint16(b, number)
				number++
			}
		},
	}
}

// join adds a node of a number that is one of the cluster.
func (w *world) join(t testing.TB, number uint16, change ...func(*Options)) *member {
	t.Helper()
	m := &member{world: w, wire: w.net.Join()}
	o := w.options(m, number)
	for _, c := range change {
		c(&o)
	}
	var err error
	if m.Nodes, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	m.Watch(Watcher{
		Came: func(n Node) { m.told = append(m.told, fmt.Sprintf("came %d epoch %d", n.Number, n.Epoch)) },
		Gone: func(n Node, done func()) {
			m.told = append(m.told, fmt.Sprintf("gone %d", n.Number))
			if m.slow {
				m.done = append(m.done, done)
				return
			}
			done()
		},
	})
	m.begin()
	w.nodes = append(w.nodes, m)
	return m
}

// begin is what Run does first.
func (m *member) begin() { m.change(func() { m.phase, m.table.speak = here, true }) }

// leave is what Run does last.
func (m *member) leave() { m.change(func() { m.phase, m.table.speak = leaving, true }) }

// pass lets time go by, in steps of Run's.
func (w *world) pass(d time.Duration) {
	for end := w.now + d; w.now < end; {
		w.now += timeout / (2 * beats)
		for _, m := range w.nodes {
			if !m.still {
				m.tick()
			}
		}
		w.net.Deliver()
	}
}

// pause has a node stand still, or go on.
func (m *member) pause(still bool) {
	m.still = still
	m.wire.Pause(still)
}

// expect compares what a node was told, of several nodes in any order, and forgets it.
func (m *member) expect(t *testing.T, want ...string) {
	t.Helper()
	slices.SortStableFunc(m.told, func(a, b string) int { return cmp.Compare(subject(a), subject(b)) })
	if !slices.Equal(m.told, want) {
		t.Errorf("node %d was told %q, want %q\n%s", m.Number(), m.told, want, m.world.log.String())
	}
	m.told = nil
}

// subject is the node that a piece of news is of.
func subject(text string) string {
	if words := strings.Fields(text); len(words) > 1 {
		return words[1]
	}
	return ""
}

// A number that somebody has is not taken; the answer comes also while the others have not begun to run.
func TestClaim(t *testing.T) {
	t.Parallel()
	var w world
	a := w.join(t, 7)
	m := &member{wire: w.net.Join()}
	b, err := Open(t.Context(), w.options(m, 7))
	if err != nil || a.Number() != 7 || b.Number() != 8 || a.Incarnation() == b.Incarnation() {
		t.Fatalf("%d and %d: %v", a.Number(), b.Number(), err)
	}
	w.pass(timeout)
	a.expect(t) // b does not run
	c := w.join(t, 8)
	if c.Number() != 9 {
		t.Errorf("the number %d of a node that does not run yet was taken", c.Number())
	}
	zero := w.join(t, 0)
	if zero.Number() != 1 {
		t.Errorf("number %d", zero.Number())
	}
	o := w.options(&member{wire: w.net.Join()}, 0)
	o.Random = func(b []byte) { b[len(b)-1] = 7 }
	if _, err := Open(t.Context(), o); !errors.Is(err, errNoNumber) {
		t.Errorf("all are taken: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, w.options(&member{wire: w.net.Join()}, 50)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Nodes find each other at once; one that is silent is gone after the timeout, and comes back in a later epoch; one that says
// farewell is gone at once.
func TestGoneAndBack(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.net.Deliver()
	a.expect(t, "came 2 epoch 0")
	b.expect(t, "came 1 epoch 0")
	if n, ok := a.Joined(2); !ok || n.Address != "a2" || n.Loops != 2 || n.Version != 1 || n.Incarnation != b.Incarnation() || n.State.String() != "joined" {
		t.Errorf("%+v", n)
	}
	w.pass(5 * timeout)
	b.wire.Cut(true)
	w.pass(timeout - timeout/beats)
	a.expect(t)
	w.pass(timeout / 2)
	a.expect(t, "gone 2")
	b.expect(t, "gone 1")
	if _, ok := a.Joined(2); ok || a.Awake(2, 0) {
		t.Error("it is still there")
	}
	b.wire.Cut(false)
	w.pass(timeout / beats)
	a.expect(t, "came 2 epoch 1")
	b.expect(t, "came 1 epoch 1")
	if !a.Awake(2, 1) || a.Awake(2, 0) {
		t.Error("another epoch")
	}
	b.Drain()
	w.net.Deliver()
	if n, _ := a.Joined(2); n.Draining {
		t.Error("the snapshot of a node changes with its news alone")
	}
	if all := a.All(); len(all) != 1 || !all[0].Draining {
		t.Errorf("%+v", all)
	}
	b.leave()
	w.net.Deliver()
	a.expect(t, "gone 2")
	if f := a.Figures(); len(a.All()) != 0 || f.Alive != 1 || f.Lost != (Losses{Silent: 1, Farewell: 1}) {
		t.Errorf("%+v", f)
	}
}

// A node that stood still finds that out before it takes anything, and what was sent to it in the meantime is of an epoch that is
// over.
func TestPaused(t *testing.T) {
	t.Parallel()
	var w world
	a, b, c := w.join(t, 1), w.join(t, 2), w.join(t, 3)
	w.pass(timeout)
	a.told, b.told, c.told = nil, nil, nil
	b.pause(true)
	w.pass(4 * timeout)
	a.expect(t, "gone 2")
	b.pause(false)
	if b.Awake(1, 0) {
		t.Error("it takes what is of before")
	}
	b.expect(t, "gone 1", "gone 3")
	w.pass(timeout)
	a.expect(t, "came 2 epoch 1")
	b.expect(t, "came 1 epoch 1", "came 3 epoch 1")
	c.expect(t, "gone 2", "came 2 epoch 1")
	if f := b.Figures(); f.Lost != (Losses{Paused: 2}) || f.Alive != 3 {
		t.Errorf("%+v", f)
	}
}

// A node that is heard and not worked with is apart. One that is gone is not, however it went, until it is heard again.
func TestApart(t *testing.T) {
	t.Parallel()
	var w world
	a, b, c := w.join(t, 1), w.join(t, 2), w.join(t, 3)
	w.pass(timeout)
	expect := func(m *member, when string, want ...uint16) {
		t.Helper()
		var got []uint16
		for number := range uint16(5) {
			if m.Apart(number) {
				got = append(got, number)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s, to %d these are apart: %d, want %d", when, m.Number(), got, want)
		}
	}
	expect(a, "joined")
	b.slow = true
	a.Torn(2, 0)
	expect(a, "torn by a batch that nobody heard")
	w.pass(timeout / beats)
	expect(a, "torn, and heard since", 2)
	expect(b, "told by the other", 1)
	for _, done := range b.done {
		done()
	}
	b.slow, b.done = false, nil
	w.pass(timeout / beats)
	expect(a, "joined again")
	expect(b, "joined again")

	b.pause(true)
	w.pass(4 * timeout)
	expect(a, "silent")
	b.slow = true
	b.pause(false)
	b.Awake(1, 1)
	expect(b, "it stood still", 1, 3)
	w.pass(timeout / beats)
	expect(a, "heard again", 2)
	b.wire.Cut(true)
	w.pass(2 * timeout)
	expect(a, "silent for longer")
	expect(b, "hears nobody")
	c.leave()
	w.net.Deliver()
	expect(a, "one has left")
}

// Messages that were lost between two nodes part these two and no others, until both have closed what they held.
func TestTorn(t *testing.T) {
	t.Parallel()
	var w world
	a, b, c := w.join(t, 1), w.join(t, 2), w.join(t, 3)
	w.pass(timeout)
	a.told, b.told, c.told = nil, nil, nil
	b.slow = true
	a.Torn(2, 5) // of an epoch that is over
	a.expect(t)
	a.Torn(2, 0)
	w.pass(2 * timeout)
	a.expect(t, "gone 2")
	b.expect(t, "gone 1")
	if n := b.All()[0]; n.State != Closing {
		t.Errorf("%+v", n)
	}
	b.done[0]()
	w.pass(timeout / beats)
	a.expect(t, "came 2 epoch 1")
	b.expect(t, "came 1 epoch 1")
	c.expect(t)
}

// Two nodes that are torn again and again are apart for longer each time, so that neither does nothing else.
func TestTornAgainAndAgain(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	times := 0
	for end := 60 * timeout; w.now < end; w.pass(timeout / beats) {
		if n, ok := a.Joined(2); ok {
			times++
			a.Torn(2, n.Epoch)
		}
	}
	if times < 6 || times > 14 {
		t.Errorf("torn %d times in 60 timeouts", times)
	}
	a.told, b.told = nil, nil
	w.pass(11 * timeout)
	if n, ok := a.Joined(2); !ok || len(a.told) != 1 {
		t.Errorf("%+v, told %q", n, a.told)
	}
	w.pass(soonAgain * timeout)
	n, _ := a.Joined(2)
	a.Torn(2, n.Epoch)
	a.told = nil
	w.pass(timeout / beats)
	a.expect(t, fmt.Sprintf("came 2 epoch %d", n.Epoch+1))
}

// One version back works, in that version; a node without a common one is refused, with one line of the log.
func TestVersions(t *testing.T) {
	t.Parallel()
	var w world
	speaks := func(least, most uint8) func(*Options) { return func(o *Options) { o.Versions = Versions{least, most} } }
	a, b, c := w.join(t, 1, speaks(1, 2)), w.join(t, 2, speaks(2, 3)), w.join(t, 3, speaks(3, 4))
	w.pass(3 * timeout)
	a.expect(t, "came 2 epoch 0")
	b.expect(t, "came 1 epoch 0", "came 3 epoch 0")
	c.expect(t, "came 2 epoch 0")
	if n, _ := a.Joined(2); n.Version != 2 {
		t.Errorf("%+v", n)
	}
	if n, _ := b.Joined(3); n.Version != 3 {
		t.Errorf("%+v", n)
	}
	if f := a.Figures(); f.Refused != 1 || f.Alive != 2 || strings.Count(w.log.String(), "is not let in") != 2 {
		t.Errorf("%+v\n%s", f, w.log.String())
	}
}

// Of two nodes with one number the younger one gives it up; others work with the older one alone.
func TestOneNumberTwice(t *testing.T) {
	t.Parallel()
	var w world
	a, b, c := w.join(t, 1), w.join(t, 2), w.join(t, 3)
	w.pass(timeout)
	a.told, b.told = nil, nil
	w.net.Lose = func(from, to *wire.Memory, _ *wire.Message) bool {
		return from != c.wire && to != c.wire && from != a.wire && from != b.wire || to != a.wire && to != b.wire && to != c.wire
	}
	d := w.join(t, 2) // none of the others hears it
	if d.Number() != 2 {
		t.Fatalf("number %d", d.Number())
	}
	w.pass(timeout)
	w.net.Lose = nil
	w.pass(timeout)
	if !d.tick() || b.tick() {
		t.Error("the older one gives up")
	}
	a.expect(t)
	if n, ok := a.Joined(2); !ok || n.Incarnation != b.Incarnation() || !strings.Contains(w.log.String(), "the younger one is passed over") {
		t.Errorf("%+v\n%s", n, w.log.String())
	}
	if err := d.Run(t.Context()); !errors.Is(err, ErrNumber) {
		t.Errorf("%v", err)
	}
	w.net.Deliver()
	w.nodes = w.nodes[:3]
	b.wire.Cut(true)
	w.pass(2 * timeout)
	e := w.join(t, 2) // the number is free
	w.pass(timeout)
	if n, ok := a.Joined(2); !ok || n.Incarnation != e.Incarnation() {
		t.Errorf("%+v", n)
	}
}

// Where the older of two nodes with one number is heard of later, it takes the place of the younger one.
func TestOlderComesLater(t *testing.T) {
	t.Parallel()
	var w world
	a := w.join(t, 1)
	beat := func(of identity) {
		h := heartbeat{Number: 2, Of: of, Versions: Versions{1, 1}}
		a.Nodes.hear(&wire.Message{Data: h.append(nil)})
	}
	beat(200)
	beat(100)
	a.expect(t, "came 2 epoch 0", "gone 2")
	beat(200)
	a.expect(t)
	beat(100)
	beat(200)
	a.expect(t, "came 2 epoch 0")
}

// Run begins with a heartbeat and ends with a farewell.
func TestRun(t *testing.T) {
	t.Parallel()
	var w world
	a := w.join(t, 1)
	m := &member{wire: w.net.Join()}
	b, err := Open(t.Context(), w.options(m, 2))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.Watch(Watcher{Came: func(Node) { cancel() }})
	if err := b.Run(ctx); err != nil {
		t.Error(err)
	}
	w.net.Deliver()
	a.expect(t, "came 2 epoch 0", "gone 2")
}

// News of a node come in order, whoever finds them while others are told.
func TestWatchersInOrder(t *testing.T) {
	t.Parallel()
	var w world
	a := w.join(t, 1)
	a.watchers = append(a.watchers, Watcher{
		Came: func(n Node) { a.Torn(n.Number, 0); a.told = append(a.told, "torn") },
		Gone: func(_ Node, done func()) { a.told = append(a.told, "told"); done() },
	})
	w.join(t, 2)
	w.net.Deliver()
	if want := []string{"came 2 epoch 0", "torn", "gone 2", "told", "came 2 epoch 1", "torn"}; !slices.Equal(a.told, want) {
		t.Errorf("%q", a.told)
	}
}

// The system's clock waits, and ends a wait early.
func TestSystemClock(t *testing.T) {
	t.Parallel()
	clock := system{time.Now()}
	if err := clock.Wait(t.Context(), time.Millisecond); err != nil || clock.Now() < time.Millisecond || clock.Unix() == 0 {
		t.Errorf("%v after %v", err, clock.Now())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if clock.Wait(ctx, time.Hour) == nil {
		t.Error("no error")
	}
}

// What cannot be sent, or read, is counted.
func TestBadHeartbeats(t *testing.T) {
	t.Parallel()
	var w world
	a := w.join(t, 1)
	a.o.Wire = full{a.wire}
	a.tick()
	w.now += timeout
	a.tick()
	w.net.Join().Send(wire.Message{Subject: "p.b", Data: []byte("{")})
	w.net.Deliver()
	if f := a.Figures(); f.Unsent != 1 || f.Malformed != 1 {
		t.Errorf("%+v", f)
	}
}

// full is a wire that takes nothing.
type full struct{ *wire.Memory }

func (full) Send(wire.Message) bool { return false }
