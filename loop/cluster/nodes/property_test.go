package nodes

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/loop/cluster/wire"
)

// letter is a message between two nodes, with the talk of its sender that it belongs to: what a node says to another one from when
// that came to when it is gone.
type letter struct {
	From     uint16
	Of, To   uint64
	Epoch    uint32
	FromTalk int
}

// talkers is a world whose nodes send each other letters.
type talkers struct {
	world
	cuts  map[[2]*wire.Memory]bool
	talks map[[2]uint64]int // of two incarnations, as the first counts them
	bound map[string]string // which talk of a node goes with which of the other
	t     *rapid.T
}

func newTalkers(t *rapid.T) *talkers {
	w := &talkers{cuts: map[[2]*wire.Memory]bool{}, talks: map[[2]uint64]int{}, bound: map[string]string{}, t: t}
	w.net.Lose = func(from, to *wire.Memory, _ *wire.Message) bool { return w.cuts[[2]*wire.Memory{from, to}] }
	return w
}

// add adds a node.
func (w *talkers) add(tb testing.TB) {
	number := uint16(1 + w.now/time.Millisecond%60000)
	m := w.join(tb, number)
	m.watchers = append(m.watchers, Watcher{
		Came: func(n Node) { w.talks[[2]uint64{m.Incarnation(), n.Incarnation}]++ },
		Gone: func(_ Node, done func()) { done() },
	})
	m.slow = true
	if _, err := m.wire.Subscribe(fmt.Sprint("n.", m.Number()), func(message *wire.Message) { w.take(m, message) }); err != nil {
		tb.Fatal(err)
	}
}

// send has a node write to all that it works with.
func (w *talkers) send(m *member) {
	for _, n := range *m.joined.Load() {
		l := letter{m.Number(), m.Incarnation(), n.Incarnation, n.Epoch, w.talks[[2]uint64{m.Incarnation(), n.Incarnation}]}
		text, _ := json.Marshal(l)
		m.wire.Send(wire.Message{Subject: fmt.Sprint("n.", n.Number), Data: text})
	}
}

// take has a node read a letter, as a link does, and holds that what belongs to a talk of its sender comes in one talk of its own.
func (w *talkers) take(m *member, message *wire.Message) {
	var l letter
	if err := json.Unmarshal(message.Data, &l); err != nil {
		w.t.Fatal(err)
	}
	if l.To != m.Incarnation() || !m.Awake(l.From, l.Epoch) {
		return
	}
	if n, _ := m.Joined(l.From); n.Incarnation != l.Of {
		return
	}
	sent := fmt.Sprintf("%x to %x, talk %d", l.Of, l.To, l.FromTalk)
	got := fmt.Sprintf("%x from %x, talk %d", l.To, l.Of, w.talks[[2]uint64{l.To, l.Of}])
	for _, pair := range [][2]string{{sent, got}, {got, sent}} {
		if bound, is := w.bound[pair[0]]; is && bound != pair[1] {
			w.t.Errorf("%s goes with %s and %s", pair[0], bound, pair[1])
		}
		w.bound[pair[0]] = pair[1]
	}
}

// heal has all nodes hear each other, and close what is to be closed.
func (w *talkers) heal() {
	clear(w.cuts)
	for _, m := range w.nodes {
		m.pause(false)
		m.wire.Cut(false)
		m.slow = false
		for _, done := range m.done {
			done()
		}
		m.done = nil
	}
}

// Whatever is cut and paused, and however long nodes take to close what they held: at rest all nodes work with all others, each two
// in one epoch; and what one has sent to another before they lost each other never comes after that.
func TestAllAgreeAtRest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newTalkers(rt)
		for range rapid.IntRange(2, 4).Draw(rt, "nodes") {
			w.add(t)
		}
		one := func() *member { return rapid.SampledFrom(w.nodes).Draw(rt, "node") }
		rt.Repeat(map[string]func(*rapid.T){
			"pass":  func(rt *rapid.T) { w.pass(time.Duration(rapid.IntRange(1, 2*int(timeout)).Draw(rt, "time"))) },
			"send":  func(*rapid.T) { w.send(one()) },
			"cut":   func(rt *rapid.T) { one().wire.Cut(rapid.Bool().Draw(rt, "cut")) },
			"lose":  func(rt *rapid.T) { w.cuts[[2]*wire.Memory{one().wire, one().wire}] = rapid.Bool().Draw(rt, "lost") },
			"pause": func(rt *rapid.T) { one().pause(rapid.Bool().Draw(rt, "still")) },
			"torn": func(*rapid.T) {
				m := one()
				for _, n := range *m.joined.Load() {
					m.Torn(n.Number, n.Epoch)
				}
			},
			"close": func(*rapid.T) {
				if m := one(); len(m.done) > 0 && !m.still {
					m.done[0]()
					m.done = m.done[1:]
				}
			},
			"restart": func(rt *rapid.T) {
				if len(w.nodes) < 2 {
					return
				}
				m := w.nodes[0]
				if rapid.Bool().Draw(rt, "with a farewell") {
					m.leave()
				}
				m.pause(true)
				m.wire.Cut(true)
				w.nodes = w.nodes[1:]
				w.add(t)
			},
		})
		w.heal()
		for range 2 + restLongest/2 {
			w.pass(timeout)
			for _, m := range w.nodes {
				w.send(m)
			}
		}
		for _, m := range w.nodes {
			for _, other := range w.nodes {
				n, ok := m.Joined(other.Number())
				back, _ := other.Joined(m.Number())
				if m != other && (!ok || n.Incarnation != other.Incarnation() || n.Epoch != back.Epoch) {
					rt.Errorf("%d sees %+v and %d sees %+v\n%s", m.Number(), n, other.Number(), back, w.log.String())
				}
			}
		}
	})
}
