// Proved by TestContest.

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"halley/bench/report"
)

// contest is the servers and what was measured of them.
type contest struct {
	bench   string // the program
	work    string // a folder that is removed
	store   *store
	size    size
	pins    pins
	rivals  []rival
	results results
	log     io.Writer
}

// size says how much is measured.
type size struct {
	held        [2]int        // counts of idle subscribers, between which their memory is a slope
	hold        time.Duration // how long each count is held before memory is read
	subscribers int           // of the steady rate
	rate        float64       // messages a second
	messages    int
	settle      time.Duration // between the last subscriber and the first message
	burst       int           // subscribers of the largest rate
	duration    time.Duration // of the largest rate
	warm        time.Duration // at most before it, for servers that get faster
}

// standard is small enough for two cores and 20,000 files, and slow enough that all servers keep up.
func standard() size {
	return size{held: [2]int{2000, 5000}, hold: 2 * time.Second, subscribers: 2000, rate: 2, messages: 9, settle: 500 * time.Millisecond, burst: 1000, duration: 2 * time.Second, warm: 10 * time.Second}
}

func quick() size {
	return size{held: [2]int{100, 300}, hold: 300 * time.Millisecond, subscribers: 200, rate: 10, messages: 5, settle: 50 * time.Millisecond, burst: 100, duration: 300 * time.Millisecond, warm: 300 * time.Millisecond}
}

// pins are what keeps server and generator to a core each: words before their commands.
type pins struct{ server, generator []string }

func pinning() pins {
	if _, err := exec.LookPath("taskset"); err != nil || cores() < 2 {
		return pins{}
	}
	return pins{server: []string{"taskset", "-c", "1"}, generator: []string{"taskset", "-c", "0"}}
}

// measureAll makes rounds. Memory is measured in the first one only: it hardly varies.
func (c *contest) measureAll(ctx context.Context, rounds int, within time.Duration) {
	began, longest := time.Now(), time.Duration(0)
	for round := 1; round <= rounds && ctx.Err() == nil; round++ {
		if left := within - time.Since(began); left < longest {
			fmt.Fprintf(c.log, "no round %d: it would not end within %v\n", round, within)
			return
		}
		start := time.Now()
		c.round(ctx, round)
		if round > 1 || rounds == 1 {
			longest = max(longest, time.Since(start))
		} else {
			longest = time.Since(start) * 2 / 3 // without memory
		}
		c.results.rounds = round
	}
}

// round measures every way of every server once, all servers of a kind one after the other, every second round backwards.
func (c *contest) round(ctx context.Context, round int) {
	for _, k := range kinds() {
		order := slices.Clone(c.rivals)
		if round%2 == 0 {
			slices.Reverse(order)
		}
		for i := range order {
			for _, w := range order[i].ways {
				if w.kind == k && ctx.Err() == nil {
					c.measure(ctx, &order[i], w, round)
				}
			}
		}
	}
}

// measure measures one way of a server. What fails is noted, and the way left out from then on.
func (c *contest) measure(ctx context.Context, r *rival, w way, round int) {
	if c.results.isLeftOut(r.name, w.kind) {
		return
	}
	figures, err := c.figures(ctx, r, w, round)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		fmt.Fprintf(c.log, "round %d, %s, %s: left out: %v\n", round, w.kind, r.name, err)
		reason, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
		c.results.leaveOut(r.name, w.kind, reason)
		return
	}
	fmt.Fprintf(c.log, "round %d, %s, %s: %s\n", round, w.kind, r.name, figures)
	c.results.enter(r.name, w.kind, figures)
}

func (c *contest) figures(ctx context.Context, r *rival, w way, round int) (figures, error) {
	f := figures{}
	if round == 1 {
		if err := c.with(r, true, func(s *server) error { return c.memory(ctx, r, w, s, f) }); err != nil {
			return nil, err
		}
	}
	return f, c.with(r, false, func(s *server) error { return c.deliveries(ctx, r, w, s, f) })
}

// with runs a server while work goes on.
func (c *contest) with(r *rival, idle bool, work func(*server) error) error {
	s, err := c.serve(r, idle)
	if err != nil {
		return err
	}
	defer s.stop()
	return work(s)
}

func (c *contest) memory(ctx context.Context, r *rival, w way, s *server, f figures) error {
	record, err := c.generate(ctx, r, w, s, "idle", "--subscribers", strconv.Itoa(c.size.held[1]), "--steps", strconv.Itoa(c.size.held[0]),
		"--hold-for", c.size.hold.String())
	if err != nil {
		return err
	}
	f.take(record, memory, "server memory", "RSS per held subscriber")
	f.take(record, held, "server CPU", "per subscriber ramped up")
	return nil
}

// deliveries measures the largest rate first: it warms the server up.
func (c *contest) deliveries(ctx context.Context, r *rival, w way, s *server, f figures) error {
	burst := func(subscribers int, d time.Duration) (*report.Run, error) {
		return c.generate(ctx, r, w, s, "saturate", "--subscribers", strconv.Itoa(subscribers), "--duration", d.String(), "--settle", c.size.settle.String())
	}
	if r.warms > 0 {
		if _, err := burst(c.size.burst/4, min(r.warms, c.size.warm)); err != nil {
			return err
		}
	}
	record, err := burst(c.size.burst, c.size.duration)
	if err != nil {
		return err
	}
	f.take(record, most, "rates", "deliveries")
	f.take(record, busy, "generator", "busy while publishing")
	record, err = c.generate(ctx, r, w, s, "fanout", "--subscribers", strconv.Itoa(c.size.subscribers), "--messages", strconv.Itoa(c.size.messages),
		"--rate", fmt.Sprint(c.size.rate), "--settle", c.size.settle.String())
	if err != nil {
		return err
	}
	f.take(record, cpu, "server CPU", "per delivery")
	f.take(record, user, "server CPU", "per delivery, user part")
	f.take(record, p50, "latency from the plan", "p50")
	f.take(record, p99, "latency from the plan", "p99")
	return nil
}

// generate runs halley-bench against a server and returns its record.
func (c *contest) generate(ctx context.Context, r *rival, w way, s *server, scenario string, more ...string) (*report.Run, error) {
	file := filepath.Join(s.place.dir, "record.json")
	args := slices.Concat(c.pins.generator, []string{c.bench, scenario, "--quiet", "--label", r.name, "--json", file, "--url", s.place.url(w.mount)}, w.args, more)
	for _, pid := range s.pids {
		args = append(args, "--pid", strconv.Itoa(pid))
	}
	switch {
	case r.takes != "":
		args = append(args, "--publish-url", s.place.url(r.takes))
	case r.speaks != nil:
		speaker, err := newSpeaker(r.speaks(s.place))
		if err != nil {
			return nil, err
		}
		defer speaker.close()
		args = append(args, "--publish-url", speaker.url)
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	out, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %s (%w)", scenario, lastLine(string(out)), err)
	}
	defer os.Remove(file)
	return report.Load(file)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
