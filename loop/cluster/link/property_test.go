package link

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/loop/bus"
	"halley/loop/cluster/nodes"
	"halley/loop/cluster/wire"
)

// talk is what one node has sent to another from when that came until it is gone.
type talk struct {
	from, to uint16
	sent     []string
	got      []string
	over     bool
}

// talks are those of a world's nodes.
type talks struct {
	world
	all []*talk
	now map[[2]uint16]*talk
}

// listen has a node's talks begin and end with what it is told of the others.
func (w *talks) listen(m *member) {
	end := func(n nodes.Node) {
		if old := w.now[[2]uint16{m.Number(), n.Number}]; old != nil {
			old.over = true
		}
	}
	m.Watch(nodes.Watcher{
		Came: func(n nodes.Node) {
			end(n)
			fresh := &talk{from: m.Number(), to: n.Number}
			w.now[[2]uint16{fresh.from, fresh.to}], w.all = fresh, append(w.all, fresh)
		},
		Gone: func(n nodes.Node, done func()) { end(n); done() },
	})
}

// send has a node send a message of some bytes, that names its talk.
func (w *talks) send(from, to *member, size int, quiet bool) {
	k := w.now[[2]uint16{from.Number(), to.Number()}]
	if from == to || from.still || k == nil || !from.Reaches(to.Number()) {
		return
	}
	text := fmt.Sprintf("%d.%d.%s", slices.Index(w.all, k), len(k.sent), strings.Repeat("x", size))
	k.sent = append(k.sent, text)
	m := from.batch(to, 1, text)
	m.Quiet = quiet
	from.Send(m)
}

// take notes what has come to a node.
func (w *talks) take(t *rapid.T, m *member) {
	for _, got := range m.received() {
		var of, n int
		if _, err := fmt.Sscanf(got, "batch 1 %d.%d.", &of, &n); err != nil {
			if got != "lost 1" {
				t.Fatalf("%q", got)
			}
			continue
		}
		w.all[of].got = append(w.all[of].got, strings.TrimPrefix(got, "batch 1 "))
	}
}

// Whatever is lost, cut and paused: of what a node has sent to another in one go the other one has the first part, without a hole,
// in order and once; and all of it, if the two have not lost each other.
func TestReliableOrTorn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := &talks{world: world{boxes: 1 << 30}, now: map[[2]uint16]*talk{}}
		for n := range rapid.IntRange(2, 3).Draw(rt, "nodes") {
			w.listen(w.join(t, uint16(n+1), func(o *Options) { o.Outbox = 32 << 20 }))
		}
		for _, m := range w.nodes {
			defer m.end()
		}
		lossy := 0
		w.net.Lose = func(_, _ *wire.Memory, m *wire.Message) bool {
			lose := lossy > 0 && strings.HasPrefix(m.Subject, "p.n.")
			lossy -= min(lossy, 1)
			return lose
		}
		w.pass(timeout)
		one := func() *member { return w.nodes[rapid.IntRange(0, len(w.nodes)-1).Draw(rt, "node")] }
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				for _, m := range w.nodes {
					w.take(rt, m)
				}
			},
			"send": func(rt *rapid.T) {
				w.send(one(), one(), rapid.SampledFrom([]int{0, 10, 5000}).Draw(rt, "bytes"), rapid.Bool().Draw(rt, "quiet"))
			},
			"long":   func(*rapid.T) { w.send(one(), one(), 3<<20/2, false) },
			"arrive": func(*rapid.T) { w.arrive() },
			"pass":   func(rt *rapid.T) { w.pass(time.Duration(rapid.IntRange(1, int(timeout)*3/2).Draw(rt, "time"))) },
			"lose":   func(rt *rapid.T) { lossy = rapid.IntRange(1, 3).Draw(rt, "lost") },
			"cut":    func(rt *rapid.T) { one().wire.Cut(rapid.Bool().Draw(rt, "cut")) },
			"pause":  func(rt *rapid.T) { one().pause(rapid.Bool().Draw(rt, "still")) },
		})
		lossy = 0
		for _, m := range w.nodes {
			m.wire.Cut(false)
			m.pause(false)
		}
		w.pass(4 * timeout)
		w.arrive()
		for _, m := range w.nodes {
			w.take(rt, m)
		}
		for i, k := range w.all {
			if len(k.got) > len(k.sent) || !slices.Equal(k.got, k.sent[:len(k.got)]) || !k.over && len(k.got) < len(k.sent) {
				rt.Errorf("talk %d from %d to %d, over %v: %d of %d have come\n%s", i, k.from, k.to, k.over, len(k.got), len(k.sent), w.log.String())
			}
		}
		for _, m := range w.nodes {
			for _, other := range w.nodes {
				if !m.Reaches(other.Number()) {
					rt.Errorf("%d does not reach %d\n%s", m.Number(), other.Number(), w.log.String())
				}
			}
		}
	})
}

// Pieces that were cut out of a batch read as they were, or not at all.
func FuzzBatch(f *testing.F) {
	o := newOutbox(leastMost, 1<<20)
	o.add(&bus.Message{Kind: bus.Batch, Data: make([]byte, 1500)})
	o.add(&bus.Message{Kind: bus.ReadOn, Worked: 7})
	list := o.take()
	f.Add(list[0], list[1])
	f.Fuzz(func(_ *testing.T, first, second []byte) {
		var a assembler
		for _, b := range [][]byte{first, second} {
			if _, pieces, err := cut(b); err == nil && a.messages(pieces, func(*bus.Message) {}) != nil {
				return
			}
		}
	})
}

// A header reads as it was written.
func TestBatchForm(t *testing.T) {
	t.Parallel()
	h := header{version: 1, from: 2, of: 3, to: 4, epoch: 5, number: 6, got: 7, asks: true}
	b := make([]byte, headerSize)
	h.put(b)
	got, pieces, err := cut(append(b, 7))
	if err != nil || got != h || !slices.Equal(pieces, []byte{7}) {
		t.Errorf("%+v, %v, %v", got, pieces, err)
	}
	if want := "\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x06" +
		"\x00\x00\x00\x00\x00\x00\x00\x07\x01"; string(b) != want {
		t.Errorf("%x", b)
	}
	b[headerSize-1] = 2
	for n := range len(b) + 1 {
		if _, _, err := cut(b[:n]); err == nil {
			t.Errorf("%d bytes are a header", n)
		}
	}
}
