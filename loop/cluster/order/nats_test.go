package order

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"halley/bayeux/channel"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
	"halley/loop/sequence"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// lossy is a wire of which some of what comes is lost.
type lossy struct {
	wire.Wire
	mu   sync.Mutex
	lose func(m *wire.Message) bool
}

// Subscribe implements wire.Wire.
func (l *lossy) Subscribe(subject string, handle func(*wire.Message)) (func(), error) {
	return l.Wire.Subscribe(subject, func(m *wire.Message) {
		l.mu.Lock()
		lost := l.lose != nil && l.lose(m)
		l.mu.Unlock()
		if !lost {
			handle(m)
		}
	})
}

// loses has some of what comes be lost from now on; nil: nothing.
func (l *lossy) loses(lose func(m *wire.Message) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose = lose
}

// real are nodes of one process, each with a server of its own.
type real struct {
	nodes []*node
	wires []*lossy
}

// realCluster begins three nodes.
func realCluster(t testing.TB, replicas int, file bool) *real {
	t.Helper()
	addresses := []string{loopback.Address(t), loopback.Address(t), loopback.Address(t)}
	rule, err := rules.Parse("/h/** history=1000", channel.Limits{MaxLength: 100, MaxSegments: 9})
	if err != nil {
		t.Fatal(err)
	}
	r, started := new(real), time.Now()
	for i := range addresses {
		var s nats.Settings
		settings.Default(&s)
		s.Listen, s.Peers = addresses[i], slices.Delete(slices.Clone(addresses), i, i+1)
		if file {
			s.Store = t.TempDir()
		}
		w, err := nats.Open(s, 1<<16, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		n := &node{w: &world{TB: t}, results: make(map[string]error)}
		n.local = sequence.New(sequence.Options{
			History: sequence.History{HistoryBytes: 1 << 20, HistoryExpired: history.Refused}, Queue: history.Part{Messages: 1000, Bytes: 1 << 20},
			Rules: rules.Rules{rule}, Fed: true, Now: func() int64 { return time.Now().UnixMilli() }, Loops: n, Log: slog.New(slog.DiscardHandler),
		})
		l := &lossy{Wire: w}
		n.Log = New(n.local, n.local, l, Options{
			Prefix: string(subject.Of(s.Name)), Node: fmt.Sprint("n", i), Stream: "HALLEY", Replicas: func() int { return replicas }, Memory: !file,
			Window: time.Minute, Bytes: 1 << 20, Waiting: 1 << 20, Now: func() time.Time { return started.Add(time.Since(started)) },
			Eldest: func() bool { return i == 0 },
			Tokens: subject.Tokens, Log: slog.New(slog.DiscardHandler), Trouble: func(string) {}, Missed: func(string) { t.Error("something is missed") },
		})
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = n.Run(ctx) })
		t.Cleanup(func() {
			cancel()
			running.Wait()
			end, done := context.WithTimeout(context.Background(), 5*time.Second)
			defer done()
			w.Close(end)
		})
		r.nodes, r.wires = append(r.nodes, n), append(r.wires, l)
	}
	for _, n := range r.nodes {
		await(t, "ready", func() bool { return n.Ready() && n.Figures().Leader })
	}
	return r
}

// outcome is what a node was told of a publish, and how many events it has delivered.
func (n *node) outcome(text string) (told bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err, told = n.results[text]
	return told, err
}

func (n *node) delivered() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.texts()
}

// expect waits until all nodes have delivered the same.
func (r *real) expect(t *testing.T, what string, texts []string) {
	t.Helper()
	for i, n := range r.nodes {
		await(t, fmt.Sprintf("%s: %q at node %d, which has %q", what, texts, i, n.delivered()), func() bool { return len(n.delivered()) >= len(texts) })
		want(t, what, n.delivered(), texts)
	}
}

// told waits until a node was told that a publish is stored.
func (n *node) isTold(t *testing.T, text string) {
	t.Helper()
	await(t, "told of "+text, func() bool { told, _ := n.outcome(text); return told })
	if _, err := n.outcome(text); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

// A stream of NATS does what the fake of one does: what is stored together, known by a key, repeated, or read again.
func TestStreamOfNATS(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	t.Parallel()
	for _, row := range []struct {
		replicas int
		file     bool
	}{{3, true}, {1, true}, {1, false}} {
		t.Run(fmt.Sprint(row.replicas, " replicas, file ", row.file), func(t *testing.T) {
			t.Parallel()
			r := realCluster(t, row.replicas, row.file)
			a, b := r.nodes[0], r.nodes[1]
			a.together([]string{"k1", "", ""}, "1", "2", "3")
			a.isTold(t, "1+2+3")
			b.together([]string{"k1"}, "1")
			b.together([]string{"", "k1", "k2"}, "4", "1", "5")
			b.isTold(t, "4+1+5")
			r.expect(t, "by keys", numbers(1, 5))
			want(t, "left out", b.Figures().Known, 2)

			r.wires[0].loses(func(m *wire.Message) bool { return strings.Contains(m.Subject, ".p.") })
			a.publish("/h/b", "6")
			await(t, "repeated", func() bool { return a.Figures().Repeated > 0 })
			r.wires[0].loses(nil)
			a.isTold(t, "6")
			lost := 0
			r.wires[0].loses(func(m *wire.Message) bool { lost++; return strings.Contains(m.Subject, ".p.") && lost < 3 })
			a.together([]string{"", "k3"}, "7", "8")
			a.isTold(t, "7+8")
			r.wires[0].loses(nil)
			r.expect(t, "repeated", numbers(1, 8))

			r.wires[1].loses(func(m *wire.Message) bool { return strings.Contains(m.Subject, ".r.") && len(m.Data)%2 == 0 })
			for i := 9; i < 30; i++ {
				a.publish("/h/c", fmt.Sprint(i))
			}
			a.isTold(t, "29")
			r.wires[1].loses(func(m *wire.Message) bool { return field(m, "Status") != "" }) // pages do not end
			r.expect(t, "read", numbers(1, 29))
			r.wires[1].loses(func(m *wire.Message) bool { return field(m, "Nats-Stream") != "" || field(m, "Status") != "" })
			a.publish("/h/c", "30", "31")
			a.isTold(t, "31")
			r.expect(t, "read from the leader", numbers(1, 31))
			r.wires[1].loses(nil)
			if f := b.Figures(); f.Lost > 0 || f.Unknown > 0 {
				t.Errorf("%+v", f)
			}
			b.recall(history.Earliest)
			await(t, "answered", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.answers) == 1 })
			want(t, "remembered", b.answers[0], "1: "+strings.Join(numbers(1, 31), " "))
		})
	}
}

// What a publish costs, all of three nodes in this process taken together, from its call until its publisher is told; and one after the
// other.
func BenchmarkPublish(b *testing.B) {
	for _, row := range []struct {
		name     string
		replicas int
		together int // under way at once
	}{{"three replicas, one at a time", 3, 1}, {"three replicas, 100 at once", 3, 100}, {"one replica, 100 at once", 1, 100}} {
		b.Run(row.name, func(b *testing.B) {
			r := realCluster(b, row.replicas, true)
			text := `"` + strings.Repeat("x", 150) + `"`
			under := make(chan bool, row.together)
			for b.Loop() {
				under <- true
				r.nodes[0].Publish(newEvent("/h/a", text), rules.Behaviour{History: true}, func(err error) {
					if err != nil {
						b.Error(err)
					}
					<-under
				})
			}
			for range row.together {
				under <- true
			}
		})
	}
}

// A NATS without JetStream is told of by name.
func TestWithoutJetStream(t *testing.T) {
	t.Parallel()
	o := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true}
	plain, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	plain.Start()
	t.Cleanup(func() {
		plain.Shutdown()
		plain.WaitForShutdown()
	})
	if !plain.ReadyForConnections(time.Minute) {
		t.Fatal("not ready")
	}
	var s nats.Settings
	settings.Default(&s)
	s.Servers = settings.Secret(plain.ClientURL())
	w, err := nats.Open(s, 1<<16, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(t.Context()) })
	told := make(chan string, 10)
	n := newWorld(t).join()
	l := New(n.local, n.local, w, Options{
		Prefix: "p", Node: "n", Stream: "S", Replicas: func() int { return 1 }, Eldest: func() bool { return true }, Now: time.Now, Tokens: subject.Tokens,
		Log: slog.New(slog.DiscardHandler), Trouble: func(why string) { told <- why },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = l.Run(ctx) })
	defer running.Wait()
	defer cancel()
	select {
	case why := <-told:
		if !strings.Contains(why, "--cluster runs without it") {
			t.Errorf("told %q", why)
		}
	case <-time.After(2 * time.Minute):
		t.Error("nothing is told")
	}
}
