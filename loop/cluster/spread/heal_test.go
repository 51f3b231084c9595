package spread

import (
	"fmt"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/wire"
)

// say publishes on a channel that is kept in order.
func (n *node) say(name string, data int) {
	n.world.now = n.world.now.Add(aMoment)
	local := n.in.local.Load()
	sequenced{local, n.out}.Publish(event.New([]byte(name), fmt.Append(nil, data), false), local.Behaviour(name), func(error) {})
}

// passKeeping is pass, with what arrives remembered, and pages answered.
func (w *world) passKeeping(d time.Duration, nodes ...*node) {
	for range d / beatEvery {
		w.now = w.now.Add(beatEvery)
		for _, n := range nodes {
			n.work()
			n.beat()
		}
		for range 3 {
			w.net.Deliver()
			for _, n := range nodes {
				n.servePages()
				n.arrive()
			}
		}
	}
}

// Who comes after the last event of a channel was lost gets it all the same, unless a newer one has come meanwhile.
func TestHeal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.keeper(t, "/s/** snapshot"), w.keeper(t, "/s/** snapshot")
	w.passKeeping(time.Second, a, b)
	a.say("/s/1", 1)
	a.say("/s/2", 1)
	w.passKeeping(2*time.Second, a, b)
	w.lose(losing("/s/1"))
	a.say("/s/1", 2)
	w.lose(losing("/s/2"))
	a.say("/s/2", 2)
	w.lose(nil)
	w.passKeeping(2*time.Second, a, b)
	if one, two := b.remembers("/s/1"), b.remembers("/s/2"); one != "2" || two != "2" || len(b.in.heals) > 0 {
		t.Errorf("it remembers %s and %s", one, two)
	}
	b.collect()
	if _, missed := b.take(); len(missed) != 2 {
		t.Errorf("told %v", missed)
	}

	w.lose(losing("/s/1"))
	a.say("/s/1", 3)
	w.lose(func(_, _ *wire.Memory, m *wire.Message) bool { // the answers
		k, _, _, _ := parseHead(m.Data)
		return k == kindPage
	})
	w.passKeeping(time.Second, a, b)
	if len(b.in.heals) != 1 {
		t.Fatalf("waits for %v", b.in.heals)
	}
	w.lose(nil)
	a.say("/s/1", 4)
	w.passKeeping(3*time.Second, a, b)
	if one := b.remembers("/s/1"); one != "4" || len(b.in.heals) > 0 {
		t.Errorf("it remembers %s", one)
	}
}

// What does not come is asked for again, but not for ever, and there are not more waited for than may be.
func TestHealAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.keeper(t, "/s/** snapshot"), w.keeper(t, "/s/** snapshot", "/s/h history=3")
	w.passKeeping(time.Second, a, b)
	asked := 0
	w.lose(func(_, _ *wire.Memory, m *wire.Message) bool {
		k, _, rest, _ := parseHead(m.Data)
		if k == kindLast {
			if names, err := parseNames(rest); err != nil || len(names) > healsAtOnce {
				t.Errorf("%d names, %v", len(names), err)
			}
			asked++
		}
		return k == kindPage
	})
	for _, name := range []string{"/s/1", "/s/h", "/t"} {
		b.in.mu.Lock()
		b.in.missed(a.out.me, name)
		b.in.mu.Unlock()
	}
	w.passKeeping(10*time.Second, a, b)
	if asked != healTries || len(b.in.heals) > 0 {
		t.Errorf("asked %d times, waits for %v", asked, b.in.heals)
	}
	for n := range mostHeals + 10 {
		b.in.mu.Lock()
		b.in.missed(a.out.me, fmt.Sprint("/s/", n))
		b.in.mu.Unlock()
	}
	if len(b.in.heals) != mostHeals {
		t.Errorf("waits for %d", len(b.in.heals))
	}
	w.lose(nil)
	w.passKeeping(time.Second, a, b) // of which the other one has none
	if _, err := parseNames(uints(healsAtOnce + 1)); err == nil {
		t.Error("more names than are asked for at once")
	}
	if _, err := parseNames(append(uints(2, 1), 'x')); err == nil {
		t.Error("a name is missing")
	}
}
