package spread

import (
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// TestMain finds goroutines that are left. One waits for a clients' port for ever in each server that has none.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).StartRouting"))
}

// world is some nodes on one wire, with one clock.
type world struct {
	net  wire.Network
	now  time.Time
	next uint64 // incarnation
}

// node is one of them. What its spread would do by itself it does when it is told to.
type node struct {
	*Spread
	world  *world
	wire   *wire.Memory
	got    []string // data of the events that arrived, behind their channels
	missed []string
}

func newWorld() *world { return &world{now: time.Unix(1e9, 0)} }

func (w *world) join(t testing.TB, s Settings) *node {
	t.Helper()
	w.next++
	n := &node{world: w, wire: w.net.Join()}
	me := Origin{uint16(w.next), 1000 + w.next}
	spread, err := open(n.wire, subject.Of("x"), me, s, slog.New(slog.DiscardHandler), func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	n.Spread = spread
	return n
}

// settle has all that is on its way arrive, and each node do what it has to do at once.
func (w *world) settle(nodes ...*node) {
	for range 3 {
		for _, n := range nodes {
			for n.work() == 1 { // more is to be done
			}
		}
		w.net.Deliver()
	}
	for _, n := range nodes {
		n.collect()
	}
}

// collect takes what a node's server would have got.
func (n *node) collect() {
	for list := n.in.inbox.take(); len(list) > 0; list = n.in.inbox.take() {
		for _, e := range list {
			n.got = append(n.got, e.Channel()+" "+e.Data())
		}
	}
	list := n.in.gaps.take()
	slices.Sort(list)
	n.missed = append(n.missed, list...)
}

// pass lets time go by, with the beats of some nodes.
func (w *world) pass(d time.Duration, nodes ...*node) {
	w.settle(nodes...)
	for range max(1, d/beatEvery) {
		w.now = w.now.Add(min(d, beatEvery))
		for _, n := range nodes {
			n.beat()
		}
		w.settle(nodes...)
	}
}

// publish publishes, a moment after whatever was before.
func (n *node) publish(name string, data int) {
	n.world.now = n.world.now.Add(aMoment)
	n.Offer(event.New([]byte(name), []byte(strconv.Itoa(data)), false))
}

// aMoment is what passes between one thing and the next.
const aMoment = 4 * time.Millisecond

func (n *node) want(patterns ...string) {
	n.world.now = n.world.now.Add(aMoment)
	for _, p := range patterns {
		n.Want(p, true)
	}
}

// takes what has arrived, and what was told missing.
func (n *node) take() (got, missed []string) {
	got, missed = n.got, n.missed
	n.got, n.missed = nil, nil
	return got, missed
}

func (n *node) expect(t *testing.T, got, missed []string) {
	t.Helper()
	gotNow, missedNow := n.take()
	if !slices.Equal(gotNow, got) {
		t.Errorf("node %d got %q, want %q", n.out.me.Node, gotNow, got)
	}
	if !slices.Equal(missedNow, missed) {
		t.Errorf("node %d was told that %q are missing, want %q", n.out.me.Node, missedNow, missed)
	}
}

// lose has messages lost from now on; nil none.
func (w *world) lose(which func(from, to *wire.Memory, m *wire.Message) bool) { w.net.Lose = which }

// losing loses the events of a channel.
func losing(name string) func(_, _ *wire.Memory, m *wire.Message) bool {
	to := subject.Of("x").Channel(name)
	return func(_, _ *wire.Memory, m *wire.Message) bool { return m.Subject == to }
}

func plain() Settings { return Settings{Linger: 10 * time.Second, Exact: 1000} }

func matches(pattern, name string) bool { return channel.Matches([]byte(pattern), []byte(name)) }
