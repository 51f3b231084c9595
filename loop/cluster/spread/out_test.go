package spread

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// sink is a wire that takes down what is sent.
type sink struct {
	wire.Wire
	sent    []wire.Message
	full    bool
	waiting int
}

func (s *sink) Send(m wire.Message) bool {
	if !s.full {
		s.sent = append(s.sent, m)
	}
	return !s.full
}

func (s *sink) Waiting() (bytes, most int) { return s.waiting, 1000 }
func (s *sink) Most() int                  { return 1 << 20 }

func newSink() (*sink, *out, *counts) {
	s, c := new(sink), new(counts)
	return s, newOut(s, subject.Of("x"), Origin{7, 9}, c, time.Unix(1e9, 0)), c
}

func ofSink(t *testing.T, m wire.Message) numbered {
	t.Helper()
	k, from, rest, err := parseHead(m.Data)
	n, err2 := parseNumbered(rest)
	if err != nil || err2 != nil || k != kindEvent || from != (Origin{7, 9}) {
		t.Errorf("%+v: %v, %v", m, err, err2)
	}
	return n
}

// Each event goes to the subject of its channel, by one message, with its number and that of the one before on its channel. What
// finds no room has a number, too.
func TestOffer(t *testing.T) {
	t.Parallel()
	s, o, c := newSink()
	offer := func(name string) { o.offer(event.New([]byte(name), []byte("1"), false)) }
	offer("/a")
	offer("/b")
	offer("/a")
	s.full = true
	offer("/a")
	s.full = false
	offer("/a")
	if n := ofSink(t, s.sent[0]); s.sent[0].Subject != subject.Of("x").Channel("/a") || n.event != `{"channel":"/a","data":1}` || len(s.sent) != 4 {
		t.Errorf("%d went out, the first %+v to %s", len(s.sent), n, s.sent[0].Subject)
	}
	for i, want := range []numbered{{number: 1}, {number: 2}, {number: 3, previous: previous{1, false}}, {number: 5, previous: previous{4, false}}} {
		if n := ofSink(t, s.sent[i]); n.number != want.number || n.previous != want.previous {
			t.Errorf("%+v, want %+v", n, want)
		}
	}
	if c.out.Load() != 4 || c.outDropped.Load() != 1 {
		t.Errorf("%d out, %d dropped", c.out.Load(), c.outDropped.Load())
	}
	if s.waiting = 500; o.congested() {
		t.Error("congested at half of what may wait")
	}
	if s.waiting = 501; !o.congested() {
		t.Error("not congested")
	}
}

// A digest says what has fallen silent for a beat, and no busy channel; the last one says all.
func TestDigests(t *testing.T) {
	t.Parallel()
	s, o, _ := newSink()
	now := time.Unix(1e9, 0)
	said := func() (list []string) {
		t.Helper()
		for _, m := range s.sent {
			k, _, rest, err := parseHead(m.Data)
			if err != nil || k != kindDigest {
				continue
			}
			d, err := parseDigest(rest)
			if err != nil || m.Subject != "halley.x.d" {
				t.Errorf("%+v: %v", m, err)
			}
			list = append(list, fmt.Sprintf("%d-%d/%d%v%d", d.from, d.to, d.number, d.list, d.flags))
		}
		s.sent = nil
		return list
	}
	offer := func(name string) { o.offer(event.New([]byte(name), nil, false)) }
	beat := func(want ...string) {
		t.Helper()
		now = now.Add(beatEvery)
		o.beat(now)
		if got := said(); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	beat("0-0/0[]0")
	offer("/busy")
	offer("/a")
	beat("0-0/2[]0")
	offer("/busy")
	beat("0-2/3[{/a 2}]0")
	offer("/busy")
	beat("2-3/4[]0")
	beat("3-4/4[{/busy 4}]0")
	beat("4-4/4[]0")
	offer("/b")
	o.leave(now)
	o.leave(now)
	if got := said(); !slices.Equal(got, []string{"4-5/5[{/b 5}]0", "5-5/5[]2"}) {
		t.Errorf("%q", got)
	}
	if len(o.kept.list) != 4 || len(o.kept.after(4)) != 1 {
		t.Errorf("%d digests are kept", len(o.kept.list))
	}
}

// More channels than one message has room for are said by several, and more than are said at once by the next beat.
func TestManyDigests(t *testing.T) {
	t.Parallel()
	s, o, _ := newSink()
	for n := range digestChannels + 1000 {
		o.offer(event.New(fmt.Appendf(nil, "/user/%d", n), nil, false))
	}
	o.beat(time.Unix(1e9, 0))
	s.sent = nil
	for _, want := range []int{digestChannels, 1000, 0} {
		o.beat(time.Unix(1e9, 0))
		n := 0
		for _, m := range s.sent {
			_, _, rest, _ := parseHead(m.Data)
			d, err := parseDigest(rest)
			if err != nil || len(m.Data) > digestBytes+headLength+60 {
				t.Errorf("%d bytes, %v", len(m.Data), err)
			}
			n += len(d.list)
		}
		if s.sent = nil; n != want {
			t.Errorf("%d channels, want %d", n, want)
		}
	}
}

// What may be said again is bounded, and at least one digest.
func TestKeptIsBounded(t *testing.T) {
	t.Parallel()
	var k kept
	for n := range uint64(3 * mostKept) {
		k.add(n+1, make([]byte, 10))
	}
	if len(k.list) != mostKept || k.bytes != 10*mostKept || len(k.after(3*mostKept-1)) != 1 {
		t.Errorf("%d of %d bytes", len(k.list), k.bytes)
	}
	k.add(1000, make([]byte, mostKeptBytes+1))
	if len(k.list) != 1 || k.list[0].to != 1000 {
		t.Errorf("%d are kept", len(k.list))
	}
}

// BenchmarkOffer has an event of 200 bytes go out.
func BenchmarkOffer(b *testing.B) {
	s, o, _ := newSink()
	events := make([]event.Event, 1000)
	for i := range events {
		events[i] = event.New(fmt.Appendf(nil, "/stock/US/%d", i), make([]byte, 160), false)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n++; n%1024 == 0 {
			s.sent = s.sent[:0]
		}
		o.offer(events[n%len(events)])
	}
}

// BenchmarkArrival has an event of 200 bytes come in.
func BenchmarkArrival(b *testing.B) {
	s, o, _ := newSink()
	for i := range 1000 {
		o.offer(event.New(fmt.Appendf(nil, "/stock/US/%d", i), make([]byte, 160), false))
	}
	w := newWorld()
	to := w.join(b, plain())
	to.want("/stock/**", "/stock/US/7")
	w.settle(to)
	b.ReportAllocs()
	number := uint64(0)
	for b.Loop() {
		m := &s.sent[number%1000]
		n, err := parseNumbered(m.Data[headLength:])
		if err != nil {
			b.Fatal(err)
		}
		number++
		before := previous{}
		if number > 1000 {
			before.number = number - 1000
		}
		n.number, n.previous = number, before
		to.in.take(Origin{7, 9}, n.event.Channel(), &n)
		if number%mostTogether == 0 {
			to.in.inbox.take()
		}
	}
}

// BenchmarkUnwanted has an event of 200 bytes come with a bucket, which nobody wants.
func BenchmarkUnwanted(b *testing.B) {
	s, o, _ := newSink()
	o.offer(event.New([]byte("/user/1"), make([]byte, 160), false))
	w := newWorld()
	to := w.join(b, Settings{})
	for i := range 18000 {
		to.want(fmt.Sprintf("/user/x%d", i))
	}
	w.settle(to)
	b.ReportAllocs()
	for b.Loop() {
		to.in.event(&s.sent[0], true)
	}
}

// BenchmarkOwnChannels tells what 18,000 own channels take here, one by one and by buckets; what they take at the wire comes on top.
func BenchmarkOwnChannels(b *testing.B) {
	for name, exact := range map[string]int{"exact": 20_000, "buckets": 0} {
		b.Run(name, func(b *testing.B) {
			const channels = 18_000
			for b.Loop() {
				w := newWorld()
				n := w.join(b, Settings{Exact: exact})
				names := make([]string, channels)
				for i := range names {
					names[i] = fmt.Sprintf("/user/%d/inbox", i)
				}
				before := heap()
				for _, name := range names {
					n.want(strings.Clone(name))
				}
				for n.work() == 1 {
				}
				b.ReportMetric(float64(heap()-before)/channels, "B/channel")
				b.ReportMetric(float64(n.Figures().Subscriptions), "subscriptions")
				runtime.KeepAlive(n)
			}
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
