package order

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/loop/cluster/wire"
	"halley/loop/journal"
)

// trial is a world in which faults happen, and what was published in it.
type trial struct {
	*world
	t      *rapid.T
	random *rand.Rand // what is lost
	all    []*node    // those that have ended, too
	begun  []attempt
	count  int
}

// attempt is a publish.
type attempt struct {
	node  *node
	texts []string
}

// verdict is what is wrong with a trial that has come to its end.
func (tr *trial) verdict() error {
	places := make(map[string]int)
	for i, text := range tr.stream.texts() {
		if _, twice := places[text]; twice {
			return fmt.Errorf("%s is stored twice", text)
		}
		places[text] = i
	}
	last := make(map[*node]int)
	for _, a := range tr.begun {
		err, told := a.node.results[strings.Join(a.texts, "+")]
		first, stored := places[a.texts[0]]
		switch {
		case !told:
			return fmt.Errorf("nobody was told what became of %q", a.texts)
		case err == nil && !stored:
			return fmt.Errorf("%q is told to be stored, and is not", a.texts)
		case stored && (errors.Is(err, journal.ErrBusy) || errors.Is(err, journal.ErrClosed)):
			return fmt.Errorf("%q is stored, and told that it is not: %w", a.texts, err)
		case stored && first < last[a.node]:
			return fmt.Errorf("%q stands before what was published there before it", a.texts)
		}
		for i, text := range a.texts {
			if place, is := places[text]; is != stored || is && place != first+i {
				return fmt.Errorf("%q are not stored together", a.texts)
			}
		}
		if stored {
			last[a.node] = first
		}
	}
	return tr.delivered()
}

// delivered is what is wrong with what the nodes have delivered.
func (tr *trial) delivered() error {
	here := make(map[string]bool)
	for i, n := range tr.all {
		next := int64(0)
		for _, line := range n.got {
			fields := strings.Fields(line)
			number := numberOf(fields[0])
			if next != 0 && number != next {
				return fmt.Errorf("node %d has delivered %d and not %d", i, number, next)
			}
			if next = number + 1; textOf(string(tr.stream.rows[number-tr.stream.first].data)) != fields[1] {
				return fmt.Errorf("node %d has delivered %s as %d", i, fields[1], number)
			}
			if own := strings.HasSuffix(line, "here"); own && here[fields[1]] {
				return fmt.Errorf("%s was published at two nodes", fields[1])
			} else if own {
				here[fields[1]] = true
			}
		}
		if alive := slices.Contains(tr.nodes, n); alive && (!n.Ready() || n.feed.last != tr.stream.last()) {
			return fmt.Errorf("node %d is at %d of %d", i, n.feed.last, tr.stream.last())
		}
	}
	return nil
}

// pick is one of the nodes that live.
func (tr *trial) pick() *node { return tr.nodes[rapid.IntRange(0, len(tr.nodes)-1).Draw(tr.t, "node")] }

// publishes begins a publish of some events.
func (tr *trial) publishes() {
	a := attempt{node: tr.pick()}
	for range rapid.SampledFrom([]int{1, 1, 1, 2, 5}).Draw(tr.t, "events") {
		tr.count++
		a.texts = append(a.texts, fmt.Sprint(tr.count))
	}
	tr.begun = append(tr.begun, a)
	if len(a.texts) == 1 {
		a.node.publish("/h/a", a.texts[0])
		return
	}
	a.node.together(nil, a.texts...)
}

// loses has messages be lost, of one kind and to or from one node.
func (tr *trial) loses() {
	kind := rapid.SampledFrom([]string{prefix + ".r.", prefix + ".h.", ".r.", ".p.", "$JS", ".s.", ""}).Draw(tr.t, "kind")
	n, share := tr.pick(), rapid.IntRange(0, 100).Draw(tr.t, "share")
	tr.net.Lose = func(from, to *wire.Memory, m *wire.Message) bool {
		return (from == n.wire || to == n.wire) && strings.Contains(m.Subject, kind) && tr.random.IntN(100) < share
	}
}

// restarts ends a node and begins another one.
func (tr *trial) restarts() {
	n := tr.pick()
	n.line.close()
	n.wire.Cut(true)
	tr.nodes = slices.DeleteFunc(tr.nodes, func(other *node) bool { return other == n })
	tr.all = append(tr.all, tr.join())
}

// actions are what can happen.
func (tr *trial) actions() map[string]func(*rapid.T) {
	flip := func(b *bool) func(*rapid.T) { return func(*rapid.T) { *b = !*b } }
	actions := map[string]func(){
		"publish": tr.publishes, "publish too": tr.publishes, "publish again": tr.publishes, "lose": tr.loses, "restart": tr.restarts,
		"lose nothing": func() { tr.net.Lose = nil },
		"cut":          func() { tr.pick().wire.Cut(rapid.Bool().Draw(tr.t, "cut")) },
		"pass": func() {
			tr.pass(time.Duration(rapid.SampledFrom([]int{0, 0, 50, 300, 1200, 3000, 11000}).Draw(tr.t, "ms")) * time.Millisecond)
		},
		"behind": func() { tr.stream.behind = rapid.IntRange(0, 5).Draw(tr.t, "behind") },
	}
	all := map[string]func(*rapid.T){"leader": flip(&tr.stream.leads), "silence": flip(&tr.stream.silent), "mute": flip(&tr.stream.mute), "stalled": flip(&tr.stream.stalls)}
	for name, act := range actions {
		all[name] = func(*rapid.T) { act() }
	}
	return all
}

// settle ends all faults.
func (tr *trial) settle() {
	tr.net.Lose = nil
	tr.stream.leads, tr.stream.silent, tr.stream.mute, tr.stream.stalls, tr.stream.behind = true, false, false, false, 0
	for _, n := range tr.nodes {
		n.wire.Cut(false)
	}
	tr.pass(15 * time.Second)
}

func newTrial(t *rapid.T, tb testing.TB) *trial {
	tr := &trial{world: newWorld(tb), t: t, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
	for range 3 {
		tr.all = append(tr.all, tr.join())
	}
	tr.ready()
	return tr
}

// Whatever is lost, cut, restarted or led by nobody: nothing that is told to be stored is lost, nothing is doubled or out of order, and
// every node delivers all, once.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		tr := newTrial(rt, t)
		rt.Repeat(tr.actions())
		tr.settle()
		if err := tr.verdict(); err != nil {
			rt.Fatal(err)
		}
	})
}

// The verdict sees each fault that is planted.
func TestVerdict(t *testing.T) {
	t.Parallel()
	for what, plant := range map[string]func(tr *trial, n *node){
		"":                  func(*trial, *node) {},
		"a lost event":      func(_ *trial, n *node) { n.got = slices.Delete(n.got, 2, 3) },
		"the last one lost": func(tr *trial, n *node) { n.feed.last-- },
		"a doubled event":   func(_ *trial, n *node) { n.got = slices.Insert(n.got, 2, n.got[1]) },
		"another event":     func(_ *trial, n *node) { n.got[2] = strings.Fields(n.got[2])[0] + " 99" },
		"two publishers":    func(tr *trial, n *node) { tr.all[1].got[0] += " here"; n.got[0] += " here" },
		"a stored one lost": func(tr *trial, _ *node) { tr.stream.rows = tr.stream.rows[:5] },
		"a stored double":   func(tr *trial, _ *node) { tr.stream.rows = append(tr.stream.rows, tr.stream.rows[1]) },
		"another order":     func(tr *trial, _ *node) { r := tr.stream.rows; r[0].data, r[3].data = r[3].data, r[0].data },
		"apart": func(tr *trial, _ *node) {
			r := tr.stream.rows
			r[4].data = r[3].data
			r[3].data = []byte(newEvent("/h/a", "98"))
		},
		"a false refusal": func(_ *trial, n *node) { n.results["1"] = journal.ErrBusy },
		"nobody told": func(_ *trial, n *node) {
			maps.DeleteFunc(n.results, func(text string, _ error) bool { return text == "2" })
		},
	} {
		w := newWorld(t)
		tr := &trial{world: w}
		for range 3 {
			tr.all = append(tr.all, w.join())
		}
		w.ready()
		n := w.nodes[0]
		for i := range 3 {
			tr.begun = append(tr.begun, attempt{n, []string{fmt.Sprint(i + 1)}})
			n.publish("/h/a", fmt.Sprint(i+1))
			w.net.Deliver()
		}
		n.together(nil, "4", "5", "6")
		tr.begun = append(tr.begun, attempt{n, []string{"4", "5", "6"}})
		w.pass(2 * time.Second)
		plant(tr, n)
		if err := tr.verdict(); (err == nil) != (what == "") {
			t.Errorf("%q: %v", what, err)
		}
	}
}
