package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"time"

	"halley/scripts/disorders/links"
	"halley/scripts/nodes"
)

// disorder is one thing that goes wrong, and how it is put right again.
type disorder struct {
	what  string
	kills bool          // the sessions of a node
	lasts time.Duration // before it is put right
	begin func()
	end   func() error
}

// disorders are all that can go wrong, by their names on the command line.
func (w *world) disorders(random *rand.Rand) map[string]func() disorder {
	all := map[string]func() disorder{"kill": func() disorder { return w.kill(random) }, "stop": func() disorder { return w.stop(random) }}
	if w.count > 1 {
		all["cut"] = func() disorder { return w.cut(random) }
	}
	if w.program != "" {
		all["nats"] = func() disorder { return w.restartNats(random) }
	}
	return all
}

func (w *world) kill(random *rand.Rand) disorder {
	n := w.nodes[random.IntN(w.count)]
	return disorder{what: "kill " + n.Name, kills: true, lasts: between(random, time.Second, 3*time.Second), begin: n.Kill, end: n.Start}
}

func (w *world) stop(random *rand.Rand) disorder {
	n := w.nodes[random.IntN(w.count)]
	return disorder{
		what: "stop " + n.Name, lasts: 10 * time.Second,
		begin: func() { n.Signal(syscall.SIGSTOP) },
		end:   func() error { n.Signal(syscall.SIGCONT); return nil },
	}
}

// cut cuts what joins two nodes, or a node and the external server, loudly or in silence.
func (w *world) cut(random *rand.Rand) disorder {
	a := random.IntN(w.count)
	b := (a + 1 + random.IntN(w.count-1)) % w.count
	if w.program != "" {
		b = -1
	}
	state, how := links.Broken, "break"
	if random.IntN(2) == 0 {
		state, how = links.Silent, "silence"
	}
	set := func(s links.State) {
		for _, pair := range [][2]int{{a, b}, {b, a}} {
			if l := w.links[pair]; l != nil {
				l.Set(s)
			}
		}
	}
	return disorder{
		what: fmt.Sprintf("%s the link of %d and %d", how, a, b), lasts: between(random, 2*time.Second, 8*time.Second),
		begin: func() { set(state) },
		end:   func() error { set(links.Whole); return nil },
	}
}

func (w *world) restartNats(random *rand.Rand) disorder {
	with := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[random.IntN(2)]
	return disorder{
		what: fmt.Sprint("restart NATS by ", with), lasts: between(random, 200*time.Millisecond, 3*time.Second),
		begin: func() { w.stopNats(with) },
		end:   w.startNats,
	}
}

func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

// happening is a disorder that was. Times are since the start of the run.
type happening struct {
	what       string
	kills      bool
	from, next time.Duration // next is when the one after it began
}

// disturb has one thing go wrong after the other until the time is over, one at least if there are any. All is put right when it returns.
func (w *world) disturb(ctx context.Context, o *options, began time.Time, out io.Writer) (past []happening, err error) {
	random := rand.New(rand.NewPCG(o.Seed, 0))
	all := w.disorders(random)
	for more := len(o.Disorders) > 0; more && ctx.Err() == nil; more = time.Since(began) < o.For {
		make, ok := all[o.Disorders[random.IntN(len(o.Disorders))]]
		if !ok {
			continue
		}
		d := make()
		h := happening{what: d.what, kills: d.kills, from: time.Since(began)}
		fmt.Fprintf(out, "%8.3f s  %s for %v\n", h.from.Seconds(), d.what, d.lasts.Round(time.Millisecond))
		d.begin()
		wait(ctx, d.lasts)
		if err := d.end(); err != nil {
			return past, err
		}
		ready, cancel := context.WithTimeout(ctx, startTime)
		err := nodes.AwaitAll(ready, w.nodes)
		cancel()
		if err != nil {
			return past, err
		}
		fmt.Fprintf(out, "%8.3f s  all nodes are ready\n", time.Since(began).Seconds())
		wait(ctx, between(random, o.Pause, 2*o.Pause))
		h.next = time.Since(began)
		past = append(past, h)
	}
	return past, ctx.Err()
}

// wait waits, or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
