package order

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
	"halley/loop/sequence"
)

func TestMain(m *testing.M) {
	if addresses := os.Getenv(childOf); addresses != "" {
		child(strings.Split(addresses, ","))
		return
	}
	// One waits for a clients' port for ever in each server that has none.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).StartRouting"))
}

// prefix is that of the subjects of all tests.
const prefix = "halley.t"

// textOf is an event's data.
func textOf(e string) string {
	return strings.TrimSuffix(event.Event(e).Data(), "}")
}

// world is a network with a fake of a stream, and a clock.
type world struct {
	testing.TB
	net    wire.Network
	time   time.Time
	stream *fakeStream
	nodes  []*node
	joined int // nodes, ever

	replicas int // that its nodes want; 0: as many as there are
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, time: time.UnixMicro(2_000_000)}
	w.stream = newFakeStream(t, &w.net, func() time.Time { return w.time })
	return w
}

// node is a node of a world, with all that came of it.
type node struct {
	*Log
	w        *world
	wire     *wire.Memory
	local    *sequence.Local
	mu       sync.Mutex
	got      []string // what was delivered: number, data, and here
	answers  []string // of queries
	troubles []string
	missed   []string
	results  map[string]error
	away     bool // it is cut off from all others
}

// cut cuts a node off from all others.
func (n *node) cut() {
	n.wire.Cut(true)
	n.away = true
}

// Deliver implements sequence.Loops.
func (n *node) Deliver(e event.Event, here bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := fmt.Sprint(e.ID(), " ", textOf(string(e)))
	if here {
		text += " here"
	}
	n.got = append(n.got, text)
}

// Answer implements sequence.Loops.
func (n *node) Answer(q sequence.Query, past history.Remembered) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := fmt.Sprint(q.Ticket, ":", past.Failure)
	for _, e := range past.Entries {
		text += " " + textOf(e.Event)
	}
	n.answers = append(n.answers, text)
}

// eldest is the node that has begun first, of those that are not cut off.
func (w *world) eldest() *node {
	for _, n := range w.nodes {
		if !n.away {
			return n
		}
	}
	return nil
}

// join has one more node begin.
func (w *world) join(texts ...string) *node {
	if texts == nil {
		texts = []string{"/h/** history=1000"}
	}
	var list rules.Rules
	for _, text := range texts {
		rule, err := rules.Parse(text, channel.Limits{MaxLength: 100, MaxSegments: 9})
		if err != nil {
			w.Fatal(err)
		}
		list = append(list, rule)
	}
	n := &node{w: w, wire: w.net.Join(), results: make(map[string]error)}
	n.local = sequence.New(sequence.Options{
		History: sequence.History{HistoryBytes: 1 << 20, HistoryExpired: history.Refused}, Queue: history.Part{Messages: 1 << 20, Bytes: 1 << 30},
		Rules: list, Fed: true, Now: func() int64 { return w.time.UnixMilli() }, Loops: n, Log: slog.New(slog.DiscardHandler),
	})
	if err := n.local.Open(); err != nil {
		w.Fatal(err)
	}
	n.Log = New(n.local, n.local, n.wire, Options{
		Prefix: prefix, Node: fmt.Sprint("n", w.joined), Stream: "S", Replicas: func() int { return w.replicas }, Window: time.Minute, Bytes: 1 << 20, Waiting: 1 << 20,
		Eldest: func() bool { return w.eldest() == n }, Now: func() time.Time { return w.time }, Tokens: subject.Tokens, Log: slog.New(slog.DiscardHandler),
		Trouble: func(why string) { n.troubles = append(n.troubles, why) }, Missed: func(p string) { n.missed = append(n.missed, p) },
	})
	if err := n.begin(); err != nil {
		w.Fatal(err)
	}
	w.nodes = append(w.nodes, n)
	w.joined++
	return n
}

// pass lets time pass, in steps in which all nodes do what is due and all messages arrive.
func (w *world) pass(d time.Duration) {
	for end := w.time.Add(d); ; {
		for _, n := range w.nodes {
			n.tick()
		}
		w.net.Deliver()
		if !w.time.Before(end) {
			return
		}
		w.time = w.time.Add(min(50*time.Millisecond, end.Sub(w.time)))
	}
}

// ready lets time pass until all nodes have caught up.
func (w *world) ready() {
	w.Helper()
	for range 100 {
		w.pass(100 * time.Millisecond)
		if !slices.ContainsFunc(w.nodes, func(n *node) bool { return !n.Ready() }) {
			return
		}
	}
	w.Fatalf("not ready: %q", w.nodes[0].troubles)
}

// publish publishes data to a channel, and keeps what becomes of it.
func (n *node) publish(channel string, data ...string) {
	for _, text := range data {
		n.Publish(newEvent(channel, text), rules.Behaviour{History: true}, func(err error) { n.told(text, err) })
	}
}

// together is publish for events that are stored together, with keys.
func (n *node) together(keys []string, data ...string) {
	var list []event.Event
	for _, text := range data {
		list = append(list, newEvent("/h/a", text))
	}
	n.PublishTogether(list, keys, func(err error) { n.told(strings.Join(data, "+"), err) })
}

func (n *node) told(text string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, twice := n.results[text]; twice {
		n.w.Errorf("what became of %s was told twice", text)
	}
	n.results[text] = err
}

// recall asks for what follows a cursor.
func (n *node) recall(after int64) {
	n.Recall(sequence.Query{Ticket: 1, Wanted: []history.Wanted{{Pattern: "/h/**", Replay: true, After: after}}})
}

func newEvent(channel, data string) event.Event {
	return event.New([]byte(channel), []byte(data), false)
}

// want compares.
func want(t testing.TB, what string, got, wanted any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("%s: got %v, want %v", what, got, wanted)
	}
}
