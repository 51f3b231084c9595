package spread

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// noted is a wire that takes down what is subscribed to.
type noted struct {
	*wire.Memory
	open []string
	fail bool
}

func (n *noted) Subscribe(to string, _ func(*wire.Message)) (end func(), err error) {
	if n.fail {
		return nil, errors.New("not now")
	}
	n.open = append(n.open, to)
	return func() { n.open = slices.DeleteFunc(n.open, func(s string) bool { return s == to }) }, nil
}

func newNoted(exact int, linger time.Duration) (*noted, *wants) {
	var net wire.Network
	n := &noted{Memory: net.Join()}
	return n, newWants(newSubscriptions(n, subject.Of("x"), exact, nil), linger, time.Now)
}

// Patterns with wildcards count as long as the wire has them.
func TestWildcardsAreCounted(t *testing.T) {
	t.Parallel()
	_, w := newNoted(10, 10*time.Second)
	spread := &Spread{in: &in{wants: w}, mostWildcards: 3}
	now := time.Unix(1e9, 0)
	left := func(want int) {
		t.Helper()
		if n := spread.MoreWildcards(); n != want {
			t.Errorf("%d more, want %d", n, want)
		}
	}
	for _, pattern := range []string{"/a/*", "/a/*", "/b", "/c/**", "/presence/**"} {
		w.note(pattern, true)
	}
	left(1)
	for _, pattern := range []string{"/a/*", "/b", "/c/**"} {
		w.note(pattern, false)
	}
	w.work(now)
	left(1) // another session has the one, the other is only left later
	w.work(now.Add(11 * time.Second))
	left(2)
}

// A pattern is subscribed to when the first wants it, and left some time after the last does not: not if one comes in between.
func TestWants(t *testing.T) {
	t.Parallel()
	n, w := newNoted(10, 10*time.Second)
	now := time.Unix(1e9, 0)
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	w.note("/a/*", true)
	w.note("/a/*", true)
	if done := w.work(now); done.batch != 1 || done.wait != 0 || !slices.Equal(n.open, []string{"halley.x.c.*.a.*"}) {
		t.Fatalf("%+v, %v", done, n.open)
	}
	w.note("/a/*", false)
	if done := w.work(now); done.batch != 0 || done.wait != 0 || len(n.open) != 1 {
		t.Fatalf("%+v, %v", done, n.open)
	}
	w.note("/a/*", false)
	if done := w.work(now); done.wait != 10*time.Second || len(n.open) != 1 {
		t.Fatalf("%+v, %v", done, n.open)
	}
	w.note("/a/*", true)
	w.work(at(5))
	w.note("/a/*", false)
	w.work(at(6))
	if done := w.work(at(10)); done.wait != 6*time.Second || len(n.open) != 1 {
		t.Fatalf("%+v, %v", done, n.open)
	}
	if done := w.work(at(16)); done.wait != 0 || len(n.open) != 0 || len(w.table) != 0 || len(w.leaving) != 0 {
		t.Fatalf("%+v, %v, %v", done, n.open, w.table)
	}
	w.note("/b", true)
	w.note("/b", false) // before anybody has looked
	w.work(at(20))
	if w.work(at(30)); len(n.open) != 0 || len(w.table) != 0 {
		t.Fatalf("%v, %v", n.open, w.table)
	}
}

// What cannot be subscribed to is tried again, and its subscribers are told that they may have missed something.
func TestFailedSubscription(t *testing.T) {
	t.Parallel()
	n, w := newNoted(1, 0)
	now := time.Unix(1e9, 0)
	n.fail = true
	for _, p := range []string{"/a", "/b/*", "/c"} {
		w.note(p, true)
	}
	if done := w.work(now); w.subscriptions.channels.Load()+w.subscriptions.inBuckets.Load()+w.subscriptions.open.Load() != 0 || done.failed == nil || done.batch != 0 || done.wait != retryAfter || len(done.late) > 0 {
		t.Fatalf("%+v", done)
	}
	w.note("/c", false)
	n.fail = false
	if done := w.work(now.Add(retryAfter)); done.failed != nil || done.batch != 1 || !slices.Equal(done.late, []string{"/a", "/b/*"}) || len(n.open) != 2 {
		t.Fatalf("%+v, %v", done, n.open)
	}
}

// rest has all done that there is to do.
func rest(w *wants, now time.Time) {
	for n := range 3 {
		for w.work(now.Add(time.Duration(n)*replacedFor)).wait == 1 {
		}
	}
}

// Channels above the bound are subscribed to by their buckets, which take over those that are there; patterns never are. Each bucket is
// left with its last channel.
func TestBuckets(t *testing.T) {
	t.Parallel()
	n, w := newNoted(100, 0)
	now := time.Unix(1e9, 0)
	s := w.subscriptions
	const many = 20_000
	name := func(i int) string { return fmt.Sprintf("/user/%d", i) }
	for i := range 100 {
		w.note(name(i), true)
	}
	if rest(w, now); s.channels.Load() != 100 || s.open.Load() != 0 || len(n.open) != 100 {
		t.Errorf("%d channels, %d buckets, %d subscriptions", s.channels.Load(), s.open.Load(), len(n.open))
	}
	for i := range many {
		w.note(name(i), true)
	}
	w.note("/user/*", true)
	if rest(w, now); s.channels.Load() > 100 || s.patterns.Load() != 1 || s.channels.Load()+s.inBuckets.Load() != many || len(n.open) != int(1+s.open.Load()+s.channels.Load()) {
		t.Errorf("%d channels, %d patterns, %d in %d buckets, %d subscriptions", s.channels.Load(), s.patterns.Load(), s.inBuckets.Load(), s.open.Load(), len(n.open))
	}
	for i := range 100 {
		w.note(name(i), false)
	}
	for i := range many {
		w.note(name(i), false)
	}
	if rest(w, now); len(n.open) != 1 || s.channels.Load() != 0 || s.inBuckets.Load() != 0 || s.open.Load() != 0 {
		t.Errorf("%v are open", n.open)
	}
}

// With less than half as many channels as may have subscriptions of their own, buckets give them back, one with each channel that
// goes; one that cannot is tried again.
func TestBucketsAreLeft(t *testing.T) {
	t.Parallel()
	n, w := newNoted(10, 0)
	now := time.Unix(1e9, 0)
	s := w.subscriptions
	same, number := []string(nil), subject.BucketOf("/u/0")
	for i := 0; len(same) < 14; i++ {
		if name := fmt.Sprint("/u/", i); subject.BucketOf(name) == number {
			same = append(same, name)
		}
	}
	for _, name := range same {
		w.note(name, true)
	}
	for w.work(now).wait == 1 {
	}
	if s.inBuckets.Load() != 14 || len(n.open) != 11 {
		t.Fatalf("%d in buckets, %v", s.inBuckets.Load(), n.open) // what was replaced is still there
	}
	if rest(w, now); s.inBuckets.Load() != 14 || len(n.open) != 1 {
		t.Fatalf("%d in buckets, %v", s.inBuckets.Load(), n.open)
	}
	for _, name := range same[:9] {
		w.note(name, false)
	}
	if rest(w, now); s.inBuckets.Load() != 5 || len(n.open) != 1 {
		t.Fatalf("%d in buckets, %v", s.inBuckets.Load(), n.open)
	}
	n.fail = true
	w.note(same[9], false)
	if rest(w, now); s.inBuckets.Load() != 4 || s.open.Load() != 1 {
		t.Fatalf("%d in buckets", s.inBuckets.Load())
	}
	n.fail = false
	w.note(same[10], false)
	if rest(w, now); s.inBuckets.Load() != 0 || s.channels.Load() != 3 || s.open.Load() != 0 || len(n.open) != 3 {
		t.Fatalf("%d in buckets, %d channels, %v", s.inBuckets.Load(), s.channels.Load(), n.open)
	}
}

// A node that gets buckets gets what it wants of them, once, and nothing else; a loss on another channel is no matter of its.
func TestFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, Settings{Exact: 0})
	same := []string{"/u/1"}
	for i := 2; len(same) < 3; i++ {
		if name := fmt.Sprint("/u/", i); subject.BucketOf(name) == subject.BucketOf("/u/1") {
			same = append(same, name)
		}
	}
	b.want(same[0], same[1])
	w.settle(a, b)
	for n, name := range same {
		a.publish(name, n)
	}
	w.settle(a, b)
	b.expect(t, []string{same[0] + " 0", same[1] + " 1"}, nil)
	b.want("/u/*")
	w.settle(a, b)
	w.lose(losing(same[1]))
	a.publish(same[1], 3)
	w.lose(nil)
	a.publish(same[2], 4)
	w.pass(2*time.Second, a, b)
	b.expect(t, []string{same[2] + " 4"}, []string{same[1]})
	if f := b.Figures(); f.Others != 1 || f.Buckets != 1 || f.InBuckets != 2 || f.Copies != 1 {
		t.Errorf("%+v", f)
	}
}

// Patterns may be wanted from any goroutine while subscriptions are made.
func TestWantsOfManyGoroutines(t *testing.T) {
	t.Parallel()
	n, w := newNoted(5, 0)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 500 {
				name := fmt.Sprintf("/a/%d", (i+g)%20)
				w.note(name, true)
				w.since(name, nil)
				w.note(name, false)
			}
		})
	}
	stop := make(chan struct{})
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		for {
			select {
			case <-stop:
				return
			default:
				w.work(time.Now())
			}
		}
	}()
	group.Wait()
	close(stop)
	<-worked
	rest(w, time.Now().Add(time.Second))
	if len(n.open) > 0 || len(w.table) > 0 {
		t.Errorf("%v and %v are left", n.open, w.table)
	}
}
