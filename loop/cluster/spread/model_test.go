package spread

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
	"halley/loop/cluster/wire"
)

// message is one that was published, as the model knows it.
type message struct {
	from    int // index of the node
	channel string
	text    string // as node.got has it
	owed    []debt // to whom it has to come, or who has to be told of it
}

// debt is a message that a node has to get as it wants a pattern, for as long as it does.
type debt struct {
	to      int
	pattern string
}

func (m *message) owedTo(node int) bool {
	return slices.ContainsFunc(m.owed, func(d debt) bool { return d.to == node })
}

// subscriber is what the model knows of a node.
type subscriber struct {
	*node
	dead     bool
	patterns map[string]bool
	since    map[string]time.Time // that a pattern is wanted
	told     map[string]int       // how many messages there were when a pattern was told last
}

// check finds what must not be in what happened.
func check(list []message, nodes []*subscriber) error {
	for i, n := range nodes {
		if n.dead {
			continue
		}
		seen, last := make(map[string]bool), make(map[string]int)
		index := make(map[string]int)
		for at, m := range list {
			index[m.text] = at
		}
		for _, text := range n.got {
			at, published := index[text]
			switch {
			case !published:
				return fmt.Errorf("node %d got %s, which nobody has published", i, text)
			case seen[text]:
				return fmt.Errorf("node %d got %s twice", i, text)
			}
			seen[text] = true
			key := fmt.Sprint(list[at].from, list[at].channel)
			if before, some := last[key]; some && before > at {
				return fmt.Errorf("node %d got %s behind %s", i, text, list[before].text)
			}
			last[key] = at
		}
		for at, m := range list {
			if !m.owedTo(i) || seen[m.text] {
				continue
			}
			told := false
			for pattern, when := range n.told {
				told = told || when > at && channel.Meet([]byte(pattern), []byte(m.channel)) != nil
			}
			if !told {
				return fmt.Errorf("node %d was told nothing of %s of node %d, which it has not got", i, m.text, m.from)
			}
		}
	}
	return nil
}

// model is a world with what has happened in it.
type model struct {
	*world
	list  []message
	nodes []*subscriber
	calm  bool // nothing is ever lost
}

func (m *model) living() (list []*node) {
	for _, n := range m.nodes {
		if !n.dead {
			list = append(list, n.node)
		}
	}
	return list
}

func (m *model) settleAll() {
	m.settle(m.living()...)
	m.note()
}

// note takes down what was told to whom.
func (m *model) note() {
	for _, n := range m.nodes {
		for _, p := range n.missed {
			n.told[p] = len(m.list)
		}
		n.missed = nil
	}
}

// owes are the nodes that have subscribed for which the publisher's node knows of it. If it does not answer clients wait for a
// while, and then have subscribed all the same.
func (m *model) owes(from *subscriber, name string) (list []debt) {
	for i, n := range m.nodes {
		if n.dead || n == from {
			continue
		}
		o := n.in.origins[from.out.me]
		for p, on := range n.patterns {
			if !on || !matches(p, name) {
				continue
			}
			known := o != nil && o.since(n.in.wants.table[p].batch) != never
			if known || m.now.Sub(n.since[p]) > patience {
				list = append(list, debt{i, p})
			}
		}
	}
	return list
}

func (m *model) publish(t *rapid.T) {
	from := rapid.IntRange(0, len(m.nodes)-1).Draw(t, "from")
	n := m.nodes[from]
	if n.dead {
		return
	}
	name := rapid.SampledFrom([]string{"/a", "/a/b", "/a/c", "/a/b/c", "/d"}).Draw(t, "channel")
	m.list = append(m.list, message{from, name, fmt.Sprint(name, " ", len(m.list)), m.owes(n, name)})
	if rapid.Bool().Draw(t, "later") {
		m.now = m.now.Add(20 * time.Millisecond)
	}
	n.publish(name, len(m.list)-1)
}

func (m *model) change(t *rapid.T) {
	n := rapid.SampledFrom(m.nodes).Draw(t, "node")
	p := rapid.SampledFrom([]string{"/a", "/a/b", "/a/*", "/a/**", "/**", "/d"}).Draw(t, "pattern")
	if n.dead {
		return
	}
	m.now = m.now.Add(aMoment)
	if n.patterns[p] = !n.patterns[p]; n.patterns[p] {
		n.since[p] = m.now
	}
	n.Want(p, n.patterns[p])
	for n.work() == 1 {
	}
	if !n.patterns[p] {
		m.lapse(n, p)
	}
	if m.calm {
		m.settleAll()
	}
}

// lapse forgets what a node is owed for a pattern that it does not want any more.
func (m *model) lapse(of *subscriber, pattern string) {
	for i := range m.list {
		m.list[i].owed = slices.DeleteFunc(m.list[i].owed, func(d debt) bool { return m.nodes[d.to] == of && d.pattern == pattern })
	}
}

// check brings everything to rest, and has a look.
func (m *model) check(t *rapid.T) {
	m.net.Lose = nil
	for _, n := range m.nodes {
		if !n.dead {
			n.wire.Cut(false)
		}
	}
	for range 10 {
		m.pass(beatEvery, m.living()...)
	}
	m.note()
	if err := check(m.list, m.nodes); err != nil {
		t.Fatal(err)
	}
	for i, n := range m.nodes {
		for j, other := range m.nodes {
			if i == j || n.dead || other.dead {
				continue
			}
			o := n.in.origins[other.out.me]
			if o == nil || o.batch() != n.in.wants.last() {
				t.Fatalf("the subscriptions of node %d do not reach node %d", i, j)
			}
			if o.checked != other.out.number || len(o.got)+len(o.answers) > 0 {
				t.Fatalf("node %d keeps %d channels and %d answers of node %d", i, len(o.got), len(o.answers), j)
			}
		}
		if m.calm && len(n.told) > 0 {
			t.Fatalf("node %d was told of %v, though nothing was lost", i, n.told)
		}
	}
}

func (m *model) add(t testing.TB, exact int) {
	m.nodes = append(m.nodes, &subscriber{node: m.join(t, Settings{Linger: time.Second, Exact: exact}),
		patterns: make(map[string]bool), since: make(map[string]time.Time), told: make(map[string]int)})
}

// Whatever is lost, cut, ended and begun: each node that wants a message gets it, once, and in the order of its publisher and
// channel, or is told that some of its channel may be missing. Where nothing is lost nobody is told anything.
func TestSpreadAgainstModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &model{world: newWorld(), calm: rapid.Bool().Draw(r, "calm")}
		for range 3 {
			m.add(t, rapid.IntRange(0, 2).Draw(r, "exact"))
		}
		m.pass(time.Second, m.living()...)
		actions := map[string]func(*rapid.T){
			"publish":  m.publish,
			"publish2": m.publish,
			"publish3": m.publish,
			"change":   m.change,
			"settle":   func(*rapid.T) { m.settleAll() },
			"pass": func(t *rapid.T) {
				m.pass(time.Duration(rapid.IntRange(1, 6).Draw(t, "beats"))*beatEvery, m.living()...)
				m.note()
			},
			"check": m.check,
		}
		if !m.calm {
			m.faults(t, actions)
		}
		r.Repeat(actions)
		m.check(r)
	})
}

// faults adds what goes wrong.
func (m *model) faults(tb testing.TB, actions map[string]func(*rapid.T)) {
	actions["lose"] = func(t *rapid.T) {
		share := rapid.SampledFrom([]int{0, 1, 5, 10}).Draw(t, "share")
		lost := rapid.SliceOfN(rapid.IntRange(0, 9), 50, 50).Draw(t, "lost")
		n := 0
		m.net.Lose = func(_, _ *wire.Memory, _ *wire.Message) bool {
			n++
			return lost[n%len(lost)] < share
		}
	}
	actions["cut"] = func(t *rapid.T) {
		if n := rapid.SampledFrom(m.nodes).Draw(t, "node"); !n.dead {
			n.wire.Cut(rapid.Bool().Draw(t, "cut"))
		}
	}
	actions["gone"] = func(t *rapid.T) { // though it is there
		one, other := rapid.SampledFrom(m.nodes).Draw(t, "one"), rapid.SampledFrom(m.nodes).Draw(t, "other")
		if !one.dead && one != other {
			one.Gone(other.out.me.Node)
			m.settleAll()
		}
	}
	actions["end"] = func(t *rapid.T) {
		n := rapid.SampledFrom(m.nodes).Draw(t, "node")
		if n.dead || len(m.living()) < 2 || len(m.nodes) > 8 {
			return
		}
		if rapid.Bool().Draw(t, "in order") {
			n.Leave()
		}
		m.settleAll()
		n.wire.Cut(true)
		n.dead = true
		m.settleAll()
		for _, other := range m.nodes {
			if !other.dead {
				other.Gone(n.out.me.Node)
			}
		}
		m.settleAll()
		m.add(tb, 1)
	}
}

// What is missing in silence, comes twice or in another order is found by the check that the model relies on.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		plant func(n *subscriber)
		want  string
	}{
		{func(*subscriber) {}, ""},
		{func(n *subscriber) { n.got = n.got[:1] }, "was told nothing of /a 1"},
		{func(n *subscriber) { n.got = append(n.got, "/a 0") }, "got /a 0 twice"},
		{func(n *subscriber) { slices.Reverse(n.got) }, "got /a 0 behind /a 1"},
		{func(n *subscriber) { n.got = append(n.got, "/a 7") }, "nobody has published"},
		{func(n *subscriber) { n.got, n.told["/b"] = n.got[:1], 2 }, "was told nothing of /a 1"},
		{func(n *subscriber) { n.got, n.told["/a"] = n.got[:1], 1 }, "was told nothing of /a 1"},
		{func(n *subscriber) { n.got, n.told["/*"] = n.got[:1], 2 }, ""},
	} {
		m := &model{world: newWorld()}
		m.add(t, 1)
		m.add(t, 1)
		m.nodes[1].patterns["/a"] = true
		m.nodes[1].want("/a")
		m.pass(time.Second, m.living()...)
		for n := range 2 {
			m.list = append(m.list, message{0, "/a", fmt.Sprint("/a ", n), m.owes(m.nodes[0], "/a")})
			m.nodes[0].publish("/a", n)
		}
		m.settleAll()
		c.plant(m.nodes[1])
		err := check(m.list, m.nodes)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("found %v, want %q", err, c.want)
		}
	}
}
