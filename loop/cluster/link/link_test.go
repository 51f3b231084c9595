package link

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"halley/bayeux"
	"halley/loop/bus"
	"halley/loop/cluster/wire"
)

func expect(t *testing.T, m *member, want ...string) {
	t.Helper()
	if got := m.received(); !slices.Equal(got, want) {
		t.Errorf("node %d got %.300q, want %.300q\n%s", m.Number(), got, want, m.world.log.String())
	}
}

// Messages arrive in order, many in one of the wire; quiet ones do not wake the sender; those to the own node stay here.
func TestOrderAndBatches(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.arrive()
	if !a.Reaches(1) || !a.Reaches(2) || a.Reaches(3) {
		t.Fatal("reach")
	}
	a.Send(a.written(b, 1, true))
	select {
	case <-a.wake:
		t.Error("a quiet message wakes the sender")
	default:
	}
	<-a.stir
	for n := range 3 {
		a.Send(a.batch(b, n, "x"))
	}
	<-a.wake
	a.Send(a.batch(a, 9, "own"))
	expect(t, a, "batch 9 own")
	w.arrive()
	expect(t, b, "report 0 upto 1", "batch 0 x", "batch 1 x", "batch 2 x")
	if f, g := a.Link.Figures(), b.Link.Figures(); f.Batches != 1 || f.Sent != 4 || f.Forwarded != 3 || g.Received != 4 || f.Waiting != 0 {
		t.Errorf("%+v, %+v", f, g)
	}
}

// What is sent to a node that is gone has a fate at once; what was under way then never comes, also when the node is back.
func TestGoneAndBack(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.arrive()
	b.pause(true)
	a.Send(a.batch(b, 1, "under way"))
	w.pass(timeout * 2)
	a.Send(a.batch(b, 2, "late"))
	a.Send(bus.Message{To: bayeux.Place{Node: 2}, Kind: bus.Effect,
		Effect: &bayeux.Effect{Kind: bayeux.Reply, Numbered: true, Upto: 7, To: bayeux.ReplyTo{Node: 2}, Session: bayeux.Address{Node: 1}}})
	a.Send(a.written(b, 3, false))
	expect(t, a, "lost 2", "report 2 upto 7")
	if a.Reaches(2) || !slices.Equal(a.gone, []uint16{2}) || a.Link.Figures().Refused != 1 {
		t.Error("it is there")
	}
	b.pause(false)
	w.pass(timeout)
	a.Send(a.batch(b, 4, "again"))
	w.arrive()
	expect(t, b, "batch 4 again")
	if f := b.Link.Figures(); f.Stale == 0 || !slices.Equal(b.gone, []uint16{1}) {
		t.Errorf("%+v, gone %v", f, b.gone)
	}
}

// A batch that is lost parts the two nodes: with the next one, or with the probe if none follows.
func TestHoles(t *testing.T) {
	t.Parallel()
	for _, more := range []bool{true, false} {
		var w world
		a, b := w.join(t, 1), w.join(t, 2)
		w.pass(timeout)
		w.net.Lose = func(_, _ *wire.Memory, m *wire.Message) bool { return strings.HasPrefix(m.Subject, "p.n.") }
		a.Send(a.batch(b, 1, "lost"))
		w.arrive()
		w.net.Lose = nil
		if more {
			a.Send(a.batch(b, 2, "next"))
		}
		w.pass(timeout / 2)
		expect(t, b)
		if f := b.Link.Figures(); f.Holes != 1 || !slices.Equal(a.gone, []uint16{2}) || !slices.Equal(b.gone, []uint16{1}) {
			t.Errorf("%+v, gone %v and %v", f, a.gone, b.gone)
		}
		if !a.Reaches(2) || !b.Reaches(1) {
			t.Error("they do not come together again")
		}
		probes := a.Link.Figures().Batches
		w.pass(2 * timeout)
		if a.Link.Figures().Batches != probes {
			t.Error("probes without end")
		}
	}
}

// Who sends to a node that has ended hears of it at once, not after the timeout.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.arrive()
	b.wire.Cut(true)
	b.still = true
	a.Send(a.batch(b, 1, "x"))
	w.arrive()
	if a.Reaches(2) || !slices.Equal(a.gone, []uint16{2}) {
		t.Error("it is still there")
	}
	for _, subject := range []string{"p.x.1.2", "p.x.1.x.0", "p.x.1.2.x", "p.x.1.2.0"} {
		a.unheard(&wire.Message{Subject: subject, Data: []byte("x")}) // no news
		a.unheard(&wire.Message{Subject: subject, Header: map[string][]string{"Status": {"503"}}})
	}
}

// A message that is longer than one of the wire goes in several, among others.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	var w world
	a := w.join(t, 1, func(o *Options) { o.Outbox = 16 << 20 })
	b := w.join(t, 2, func(o *Options) { o.Local.Boxes[0] = bus.NewBox(16<<20, new(atomic.Int32), func() {}) })
	b.box = b.o.Local.Boxes[0]
	w.arrive()
	long := strings.Repeat("long", 1<<20)
	nearly := strings.Repeat("n", a.o.Wire.Most()-300)
	a.Send(a.batch(b, 1, "x"))
	a.Send(a.batch(b, 2, nearly))
	w.arrive()
	a.Send(a.batch(b, 3, long))
	a.Send(a.written(b, 4, false))
	w.arrive()
	expect(t, b, "batch 1 x", "batch 2 "+nearly, "batch 3 "+long, "report 0 upto 4")
	if f := a.Link.Figures(); f.Batches < 6 || len(a.gone) > 0 {
		t.Errorf("%+v, %s", f, w.log.String())
	}
}

// When too much waits for a node no requests are passed on to it; when more than may waits the two lose each other.
func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.arrive()
	a.o.Wire = full{a.wire}
	data := strings.Repeat("x", 100<<10)
	for n := range 8 {
		a.Send(a.batch(b, n, data))
	}
	a.flush() // nothing is taken, and it waits on
	expect(t, a, "lost 6", "lost 7")
	if f := a.Link.Figures(); f.Waiting < 600<<10 || f.Waiting > 700<<10 || f.Refused != 2 {
		t.Errorf("%+v", f)
	}
	for n := range 10 {
		e := bayeux.Effect{Kind: bayeux.Reply, To: bayeux.ReplyTo{Node: 2, Serial: uint32(n)}, Session: bayeux.Address{Node: 1}}
		a.Send(bus.Message{To: bayeux.Place{Node: 2}, Kind: bus.Effect, Effect: &e, Data: []byte(data)})
	}
	if f := a.Link.Figures(); f.Waiting != 0 || !slices.Equal(a.gone, []uint16{2}) {
		t.Errorf("%+v, gone %v", f, a.gone)
	}
	a.o.Wire = a.wire
	w.pass(timeout)
	if !a.Reaches(2) {
		t.Error("it does not come back")
	}
}

// full is a wire that takes no batches.
type full struct{ *wire.Memory }

func (full) Send(wire.Message) bool { return false }

// Requests for a loop that has no sessions, or too much to do, go back to where they came from.
func TestRequestsThatNobodyTakes(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.arrive()
	b.home = false
	a.Send(a.batch(b, 1, "x"))
	w.arrive()
	b.home = true
	for n := range 20 { // above its limit
		a.Send(a.batch(b, n, strings.Repeat("x", 100<<10)))
		w.arrive()
	}
	w.arrive()
	got := b.received()
	if back := a.received(); len(got) != 10 || len(back) != 11 || back[0] != "lost 1" || back[1] != "lost 10" {
		t.Errorf("%d taken, and back came %q", len(got), back)
	}
	if f := b.Link.Figures(); f.Refused != 11 {
		t.Errorf("%+v", f)
	}
}

// What no node sends is counted; between nodes that work with each other it parts them, so that whoever waits is answered.
func TestBadBatches(t *testing.T) {
	t.Parallel()
	batch := func(text ...byte) []byte { return append(make([]byte, headerSize), text...) }
	for name, bad := range map[string]struct {
		change func(h *header) []byte
		parts  bool
	}{
		"short":              {func(*header) []byte { return []byte{1} }, false},
		"unknown node":       {func(h *header) []byte { h.from = 3; return nil }, false},
		"its past":           {func(h *header) []byte { h.of++; return nil }, false},
		"our past":           {func(h *header) []byte { h.to++; return nil }, false},
		"epoch":              {func(h *header) []byte { h.epoch++; return nil }, false},
		"version":            {func(h *header) []byte { h.version++; return nil }, true},
		"more than was sent": {func(h *header) []byte { h.got++; return nil }, true},
		"a later probe":      {func(*header) []byte { return batch() }, true},
		"pieces":             {func(h *header) []byte { return batch(1) }, true},
		"message":            {func(h *header) []byte { return batch(0, 0, 0, 1, 9) }, true},
		"other node": {func(h *header) []byte {
			m := bus.Message{To: bayeux.Place{Node: 7}, Kind: bus.ReadOn}
			text := bus.AppendMessage(nil, &m)
			return append(batch(0, 0, 0, byte(len(text))), text...)
		}, true},
	} {
		var w world
		a, b := w.join(t, 1), w.join(t, 2)
		w.arrive()
		h := header{version: bus.Version, from: 1, of: a.Incarnation(), to: b.Incarnation(), number: 1}
		data := bad.change(&h)
		switch {
		case data == nil:
			data = batch(0, 0, 0, 0)
			h.put(data)
		case len(data) >= headerSize:
			h.put(data)
		}
		a.wire.Send(wire.Message{Subject: "p.n.2", Data: data})
		w.net.Deliver()
		if f := b.Link.Figures(); f.Malformed+f.Holes+f.Stale != 1 || (f.Stale == 0) != (bad.parts || name == "short") || (len(b.gone) == 1) != bad.parts {
			t.Errorf("%s: %+v, gone %v", name, f, b.gone)
		}
		expect(t, b)
	}
}

// Run sends what waits, a quiet message after a while, and ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	var w world
	a, b := w.join(t, 1), w.join(t, 2)
	w.arrive()
	arrived := make(chan string, 10)
	if _, err := b.wire.Subscribe("p.n.2", func(m *wire.Message) { arrived <- m.Subject }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Link.Run(ctx)
	}()
	for _, quiet := range []bool{true, false} {
		a.Send(a.written(b, 1, quiet))
		for deadline := time.Now().Add(10 * time.Second); len(arrived) == 0 && time.Now().Before(deadline); {
			w.net.Deliver()
			time.Sleep(time.Millisecond)
		}
		<-arrived
	}
	cancel()
	<-ended
	a.end()
	b.end()
}
