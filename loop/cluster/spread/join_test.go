package spread

import (
	"context"
	"fmt"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/wire"
)

// keeper is a node with an order of its own, which keeps snapshots.
func (w *world) keeper(t *testing.T, rules ...string) *node {
	t.Helper()
	n := w.join(t, plain())
	n.Log(newLocal(t, new(loops), rules...))
	n.keepSnapshots()
	return n
}

// arrive gives what has arrived to the order of a node, as its server would.
func (n *node) arrive() {
	for list := n.in.inbox.take(); len(list) > 0; list = n.in.inbox.take() {
		for _, e := range list {
			local := n.in.local.Load()
			local.Arrived(e, local.Behaviour(e.Channel()))
		}
	}
}

// joins has a node join, while the others answer.
func (w *world) joins(n *node, answer bool, others ...*node) (restored int, j *join) {
	j = &join{Spread: n.Spread, begun: w.now, tried: make(map[Origin]bool)}
	for !j.done {
		w.now = w.now.Add(joinLooks)
		for _, o := range append(others, n) {
			o.work()
			if o.beat(); answer {
				o.servePages()
			}
		}
		w.net.Deliver()
		select {
		case p := <-n.in.arrived:
			restored += j.take(&p)
		default:
		}
		j.step(w.now)
	}
	return restored, j
}

func (n *node) remembers(name string) string {
	local, last := n.in.local.Load(), ""
	for from, more := int64(0), true; more; {
		entries, next, further := local.Snapshots(from, 1000)
		for _, e := range entries {
			if e.Channel == name {
				last = event.Event(e.Event).Data()
			}
		}
		from, more = next, further
	}
	return last
}

// A node that begins gets the snapshots of another one, page by page; what has come by itself meanwhile is newer.
func TestJoin(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, c := w.keeper(t, "/s/** snapshot"), w.keeper(t, "/s/** snapshot")
	w.pass(time.Second, a, c)
	log := a.Log(a.in.local.Load())
	const channels = 2500
	say := func(name string, data string) {
		log.Publish(event.New([]byte(name), []byte(data), false), a.in.local.Load().Behaviour(name), func(error) {})
	}
	for n := range channels {
		say(fmt.Sprint("/s/", n), fmt.Sprint(n))
	}
	w.net.Deliver()
	c.arrive()
	w.pass(time.Second, a, c)
	if got := c.remembers("/s/2499"); got != "2499" {
		t.Errorf("without a subscriber the other node has %q", got)
	}
	b := w.keeper(t, "/s/** snapshot")
	for b.work() == 1 {
	}
	w.net.Deliver()
	say("/s/7", `"new"`)
	w.net.Deliver()
	b.arrive()
	restored, j := w.joins(b, true, a, c)
	if restored != channels-1 || j.alone || len(j.tried) != 1 {
		t.Errorf("%d channels, alone %t, asked %d", restored, j.alone, len(j.tried))
	}
	for name, want := range map[string]string{"/s/7": `"new"`, "/s/8": "8", "/s/2499": "2499"} {
		if got := b.remembers(name); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
}

// A node that gets no answer begins without, after a while.
func TestJoinWithoutAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.keeper(t, "/s/** snapshot")
	if restored, j := w.joins(b, true); restored != 0 || !j.alone || len(j.tried) != 0 || w.now.Sub(j.begun) > 2*joinAlone {
		t.Errorf("%+v after %v", j, w.now.Sub(j.begun))
	}
	a, c := w.keeper(t, "/s/** snapshot"), w.keeper(t, "/s/** snapshot")
	w.pass(time.Second, a, b, c)
	if restored, j := w.joins(b, false, a, c); restored != 0 || !j.alone || len(j.tried) != 2 {
		t.Errorf("%+v", j)
	}
}

// Where the rules keep no snapshots there is nothing to join for; other rules have others kept.
func TestKeepSnapshots(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.keeper(t, "/s/** conflate")
	if restored := b.Join(t.Context()); restored != 0 || len(b.in.wants.table) != 0 {
		t.Errorf("%d restored, %v wanted", restored, b.in.wants.table)
	}
	local := b.in.local.Load()
	local.SetRules(rulesOf(t, "/s/** snapshot", "/t snapshot"))
	w.pass(time.Second, a, b)
	a.publish("/s/1", 1)
	w.settle(a, b)
	b.expect(t, []string{"/s/1 1"}, nil)
	local.SetRules(rulesOf(t, "/t snapshot"))
	w.pass(20*time.Second, a, b)
	a.publish("/s/1", 1)
	a.publish("/t", 2)
	w.settle(a, b)
	b.expect(t, []string{"/t 2"}, nil)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if restored := b.Join(ctx); restored != 0 {
		t.Errorf("%d restored", restored)
	}
}

// A page is bounded by what it takes, and has one event at the least.
func TestPages(t *testing.T) {
	t.Parallel()
	l := newLocal(t, new(loops), "/s/** snapshot")
	data := make([]byte, pageBytes*2/3)
	for i := range data {
		data[i] = '1'
	}
	for n := range 3 {
		e := event.New(fmt.Appendf(nil, "/s/%d", n), data, false)
		l.Publish(e, l.Behaviour(e.Channel()), func(error) {})
	}
	for from, n := int64(0), 0; n < 3; n++ {
		p := pageOf(l, 9, from)
		got, err := parsePage(p.append(nil))
		if err != nil || got.request != 9 || len(got.entries) != 1 || got.entries[0].Channel != fmt.Sprint("/s/", n) || got.more != (n < 2) || got.next != p.next {
			t.Errorf("page %d: %d entries, more %t, %v", n, len(got.entries), got.more, err)
		}
		from = got.next
	}
	p := pageOf(l, 9, 0)
	whole := p.append(nil)
	for i := range 1000 {
		if _, err := parsePage(whole[:i]); err == nil {
			t.Errorf("%d bytes are a page", i)
		}
	}
	b := newPages()
	for n := range uint64(2 * mostPages) {
		b.want(wantedPage{request: n})
	}
	if list := b.take(); len(list) != mostPages || list[0].request != 0 {
		t.Errorf("%d pages are wanted", len(list))
	}
	w := newWorld()
	n := w.join(t, plain())
	n.servePages() // without an order there are none
	n.in.message(&wire.Message{Data: append(appendHead(nil, kindPage, Origin{5, 5}), 1)})
	if f := n.Figures(); f.Malformed != 1 {
		t.Errorf("%+v", f)
	}
}
