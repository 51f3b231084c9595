package bus

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"halley/bayeux"
	"halley/bayeux/event"
)

// posted is what the model of a box knows of a message or task.
type posted struct {
	kind   Kind
	serial uint32
	data   string
	event  event.Event
}

// seen is what came out of a box, in the same form.
func seen(m *Message, do func()) posted {
	if do != nil {
		do()
		return posted{kind: task}
	}
	p := posted{kind: m.Kind, data: string(m.Data), event: m.Event}
	switch m.Kind {
	case Effect:
		p.serial = m.Effect.Upto
	case Report:
		p.serial = m.Report.Upto
	case Publish:
	default:
		p.serial = m.Request.To.Serial
	}
	return p
}

// message is one of a kind with a serial number.
func message(kind Kind, serial uint32, data []byte) Message {
	m := Message{Kind: kind}
	switch kind {
	case Effect:
		m.Effect, m.Data = &bayeux.Effect{Upto: serial}, data
	case Report:
		m.Report = bayeux.Report{Upto: serial}
	case Publish:
		m.Event = event.New([]byte("/a"), fmt.Append(nil, serial), false)
	default:
		m.Request, m.Data = bayeux.Request{To: bayeux.ReplyTo{Serial: serial}}, data
	}
	return m
}

// model is a box and what a naive model knows of it.
type model struct {
	box           *Box
	inbox         Inbox
	congested     atomic.Int32
	wakes, ran    int
	waiting       []posted
	size, working int
	armed         bool
	serial        uint32
}

// added checks what a post of so many bytes did.
func (m *model) added(t *rapid.T, bytes int, quiet bool, wakes int) {
	m.size += bytes
	if want := !quiet && !m.armed; (m.wakes > wakes) != want {
		t.Fatalf("woken: %v, want %v", m.wakes > wakes, want)
	}
	m.armed = m.armed || !quiet
	waiting, working := m.box.Kept()
	if waiting != m.size || working != m.working || (m.congested.Load() > 0) != (m.size+m.working > m.box.limit) {
		t.Fatalf("%d bytes and %d, want %d and %d; congested: %v", waiting, working, m.size, m.working, m.congested.Load() > 0)
	}
	if free := m.box.limit - m.size - m.working; m.box.Takes(free+1) || !m.box.Takes(free) {
		t.Fatalf("%d bytes are free", free)
	}
}

func (m *model) post(t *rapid.T) {
	m.serial++
	wakes := m.wakes
	data := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "data")
	one := message(rapid.SampledFrom([]Kind{Effect, Report, Batch, Open, Publish, ReadOn}).Draw(t, "kind"), m.serial, data)
	one.Quiet = rapid.Bool().Draw(t, "quiet")
	m.waiting = append(m.waiting, seen(&one, nil))
	m.box.Post(&one)
	m.added(t, MessageCost+len(one.Data)+len(one.Event), one.Quiet, wakes)
	clear(data) // the box has copies
	if one.Effect != nil {
		*one.Effect = bayeux.Effect{}
	}
}

func (m *model) postEvents(t *rapid.T) {
	var list []event.Event
	wakes, size := m.wakes, 0
	for range rapid.IntRange(1, 5).Draw(t, "n") {
		m.serial++
		one := message(Publish, m.serial, nil)
		list, size = append(list, one.Event), size+MessageCost+len(one.Event)
		m.waiting = append(m.waiting, seen(&one, nil))
	}
	m.box.PostEvents(list)
	m.added(t, size, false, wakes)
}

func (m *model) do(t *rapid.T) {
	wakes := m.wakes
	m.waiting = append(m.waiting, posted{kind: task})
	m.box.Do(func() { m.ran++ })
	m.added(t, MessageCost, false, wakes)
}

func (m *model) swap(t *rapid.T) {
	if m.box.Waits() != (len(m.waiting) > 0) {
		t.Fatalf("waits: %v, want %d", m.box.Waits(), len(m.waiting))
	}
	m.box.Swap(&m.inbox)
	for i, want := range m.waiting {
		if left := m.inbox.Left(); left != len(m.waiting)-i {
			t.Fatalf("%d are left, want %d", left, len(m.waiting)-i)
		}
		ran := m.ran
		if got := seen(m.inbox.Next()); got != want || (m.ran > ran) != (want.kind == task) {
			t.Fatalf("%d is %v, want %v", i, got, want)
		}
	}
	if one, do := m.inbox.Next(); one != nil || do != nil {
		t.Fatal("there is more")
	}
	m.armed, m.size, m.working, m.waiting = len(m.waiting) > 0, 0, m.size, m.waiting[:0]
	if over := m.congested.Load() > 0; over != (m.working > m.box.limit) {
		t.Fatalf("congested is %v while %d bytes are worked off", over, m.working)
	}
}

// What comes out of a box is what went in, in order, data included; a post wakes the loop
// exactly if none but quiet ones came since the last empty swap; over its limit, what is
// being worked off included, it counts as congested.
func TestBoxModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := new(model)
		m.box = NewBox(4096, &m.congested, func() { m.wakes++ })
		t.Repeat(map[string]func(*rapid.T){"post": m.post, "events": m.postEvents, "do": m.do, "swap": m.swap})
	})
}

// Posts of many goroutines: each one's own come out in order, none twice.
func TestBoxOfMany(t *testing.T) {
	t.Parallel()
	const posters, each = 8, 2000
	var congested atomic.Int32
	var wakes atomic.Int64
	box := NewBox(1<<30, &congested, func() { wakes.Add(1) })
	var group sync.WaitGroup
	for p := range posters {
		group.Go(func() {
			for n := range each {
				m := Message{Kind: Batch, Request: bayeux.Request{To: bayeux.ReplyTo{Serial: uint32(n), Conn: uint32(p)}},
					Data: fmt.Appendf(nil, "%d of %d", n, p)}
				box.Post(&m)
			}
		})
	}
	var inbox Inbox
	var next [posters]uint32
	for total := 0; total < posters*each; {
		for box.Swap(&inbox); inbox.Left() > 0; total++ {
			m, _ := inbox.Next()
			n, p := m.Request.To.Serial, m.Request.To.Conn
			if n != next[p] || string(m.Data) != fmt.Sprintf("%d of %d", n, p) {
				t.Fatalf("%d of %d: %q, want %d", n, p, m.Data, next[p])
			}
			next[p]++
		}
	}
	group.Wait()
	if box.Swap(&inbox); inbox.Left() != 0 || wakes.Load() == 0 {
		t.Errorf("%d left, %d wakes", inbox.Left(), wakes.Load())
	}
}

// The memory of a burst is not kept.
func TestBoxForgetsBursts(t *testing.T) {
	t.Parallel()
	const burst = keepList / 16
	var congested atomic.Int32
	box := NewBox(1<<30, &congested, func() {})
	box.Post(&Message{Kind: Batch, Data: bytes.Repeat([]byte("x"), 2*keepArena)})
	for kind := range Kind(kinds) {
		for range burst {
			m := message(kind, 0, nil)
			box.Post(&m)
		}
	}
	for range burst {
		box.Do(func() {})
	}
	var inbox Inbox
	box.Swap(&inbox)
	equal(t, inbox.Left(), (kinds+1)*burst+1)
	box.Swap(&inbox)
	box.Swap(&inbox)
	for _, in := range []*Inbox{&inbox, &box.waiting} {
		for name, kept := range map[string]int{"order": cap(in.order.items), "effects": cap(in.effects.items) * int(unsafe.Sizeof(effectLetter{})),
			"reports":  cap(in.reports.items) * int(unsafe.Sizeof(bayeux.Report{})),
			"requests": cap(in.requests.items) * int(unsafe.Sizeof(requestLetter{})), "events": cap(in.events.items) * int(unsafe.Sizeof(event.Event(""))),
			"tasks": cap(in.tasks.items) * int(unsafe.Sizeof(func() {})), "arena": cap(in.arena)} {
			if kept > keepList {
				t.Errorf("%s: %d bytes are kept", name, kept)
			}
		}
	}
}

// No kind takes more than a message counts for.
func TestMessageCost(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]uintptr{"effect": unsafe.Sizeof(effectLetter{}), "report": unsafe.Sizeof(bayeux.Report{}),
		"request": unsafe.Sizeof(requestLetter{}), "event": unsafe.Sizeof(event.Event("")), "task": unsafe.Sizeof(func() {})} {
		if size += unsafe.Sizeof(task); size > MessageCost {
			t.Errorf("%s: %d bytes, more than %d", name, size, MessageCost)
		}
	}
}

// The effects of an inbox can be looked at before they are carried out.
func TestEffectsOfAnInbox(t *testing.T) {
	t.Parallel()
	var congested atomic.Int32
	box := NewBox(1<<30, &congested, func() {})
	for _, m := range []Message{message(Report, 1, nil), message(Effect, 2, nil), message(Publish, 3, nil), message(Effect, 4, nil)} {
		box.Post(&m)
	}
	var inbox Inbox
	box.Swap(&inbox)
	var got []uint32
	inbox.Effects(func(e *bayeux.Effect) { got = append(got, e.Upto) })
	equal(t, fmt.Sprint(got), "[2 4]")
	equal(t, inbox.Left(), 4)
}

// Posting and taking out allocates nothing once a box has grown.
func TestBoxAllocations(t *testing.T) {
	var congested atomic.Int32
	box := NewBox(1<<30, &congested, func() {})
	var link Link = &Local{Boxes: []*Box{box}}
	effect, e, data := new(bayeux.Effect), event.New([]byte("/a"), nil, false), make([]byte, 200)
	var inbox Inbox
	burst := func() {
		for range 10 {
			link.Send(Message{Kind: Effect, Effect: effect, Data: data})
			link.Send(Message{Kind: Report})
			link.Send(Message{Kind: Batch, Data: data})
			link.Send(Message{Kind: Publish, Event: e})
		}
		for box.Swap(&inbox); inbox.Left() > 0; {
			inbox.Next()
		}
	}
	burst()
	burst()
	equal(t, testing.AllocsPerRun(100, burst), 0)
}

func equal[T comparable](t testing.TB, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// BenchmarkBox is what a message from loop to loop costs both of them, without the wake-up.
func BenchmarkBox(b *testing.B) {
	e := event.New([]byte("/stock/GOOG"), []byte(`{"price":167.4100}`), false)
	data := make([]byte, 200)
	session := bayeux.Address{Loop: 1, Slot: 3, Gen: 4}
	to := bayeux.ReplyTo{Loop: 1, Conn: 3, Gen: 4, Serial: 5}
	effect := &bayeux.Effect{Kind: bayeux.Reply, To: to, Numbered: true, Session: session, Upto: 7}
	for _, burst := range []int{1, 16, 1024} {
		for _, bench := range []struct {
			name string
			m    Message
		}{
			{"publish", Message{Kind: Publish, Event: e}},
			{"reply", Message{Kind: Effect, Effect: effect, Data: data}},
			{"written", Message{Kind: Report, Quiet: true, Report: bayeux.Report{Session: session, Upto: 7}}},
			{"forward", Message{Kind: Batch, Request: bayeux.Request{To: to}, Data: data}},
		} {
			b.Run(fmt.Sprintf("%s/%d", bench.name, burst), func(b *testing.B) { benchmarkBox(b, burst, bench.m) })
		}
	}
}

func benchmarkBox(b *testing.B, burst int, m Message) {
	var congested atomic.Int32
	box := NewBox(1<<30, &congested, func() {})
	var link Link = &Local{Boxes: []*Box{box}}
	var inbox Inbox
	sum := 0
	b.ReportAllocs()
	for range b.N/burst + 1 {
		for range burst {
			link.Send(m)
		}
		for box.Swap(&inbox); inbox.Left() > 0; {
			m, _ := inbox.Next()
			sum += len(m.Data) + len(m.Event)
		}
	}
}
