// Command contest measures halley beside other servers that push messages, each as its own documents would have it
// tuned, with one load generator and in alternating rounds. It writes a table and a picture.
//
// Proved by TestContest.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// The exit statuses beside 0 and those of bad flags.
const (
	exitFailed = 1 // nothing was measured, or not all
	exitAbsent = 3 // a server is not to be had here, or a run with one failed: the table is without it
)

type flags struct {
	Halley string        `required:"" help:"The program halley."`
	Bench  string        `required:"" help:"The program halley-bench."`
	Commit string        `default:"unknown" help:"What halley was built from."`
	Folder string        `default:"scripts/contest" help:"Where the files of the rivals are."`
	Cache  string        `required:"" help:"Where what is downloaded and built of them is kept."`
	Only   []string      `help:"Only servers whose names begin so." placeholder:"NAME"`
	Rounds int           `default:"3" help:"Rounds at most: each measures every server."`
	For    time.Duration `name:"for" default:"15m" help:"No round begins that would end later, if it takes as long as the longest."`
	Quick  bool          `help:"A first look: halley and Faye, few subscribers, one round."`
	Out    string        `required:"" help:"Folder for the tables (table.md, brief.md, figures.csv) and the picture (rivals.svg)." placeholder:"DIR"`
	Readme string        `help:"Document with the marks between which the table goes." placeholder:"FILE"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var f flags
	kong.Parse(&f, kong.Name("contest"), kong.Description("halley beside its rivals."))
	status := f.run(ctx, rivals())
	stop()
	os.Exit(status)
}

// run measures, writes what has come of it, and returns the exit status.
func (f *flags) run(ctx context.Context, all []rival) int {
	c, err := f.contest(all)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripts/rivals:", err)
		return exitFailed
	}
	defer os.RemoveAll(c.work)
	began := time.Now()
	c.measureAll(ctx, f.Rounds, f.For)
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "scripts/rivals: interrupted, nothing is written")
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "measured in %v\n", time.Since(began).Round(time.Second))
	if err := f.write(c); err != nil {
		fmt.Fprintln(os.Stderr, "scripts/rivals:", err)
		return exitFailed
	}
	if len(c.results.absent) > 0 {
		return exitAbsent
	}
	return 0
}

// contest gets all servers ready.
func (f *flags) contest(all []rival) (*contest, error) {
	size := standard()
	if f.Quick {
		size, f.Rounds = quick(), 1
		if len(f.Only) == 0 {
			f.Only = []string{"halley", "Faye"}
		}
	}
	work, err := os.MkdirTemp("", "rivals")
	if err != nil {
		return nil, err
	}
	s := &store{cache: f.Cache, folder: f.Folder, halley: f.Halley, bench: f.Bench, commit: f.Commit}
	for _, path := range []*string{&s.cache, &s.folder} {
		if *path, err = filepath.Abs(*path); err != nil {
			return nil, err
		}
	}
	c := &contest{bench: f.Bench, work: work, store: s, size: size, pins: pinning(), log: os.Stderr}
	c.results.machine, c.results.date = thisMachine(c.pins), time.Now().UTC().Format(time.DateOnly)
	for _, r := range all {
		if !chosen(r.name, f.Only) {
			continue
		}
		c.enter(r)
	}
	if len(c.rivals) == 0 {
		os.RemoveAll(work)
		return nil, errors.New("no server is to be had")
	}
	return c, nil
}

// enter makes a server one of the contest, or notes why it is none.
func (c *contest) enter(r rival) {
	fmt.Fprintf(c.log, "%s: ", r.name)
	version, err := r.get(c.store)
	if err != nil {
		reason := strings.TrimSpace(err.Error())
		fmt.Fprintf(c.log, "left out: %s\n", reason)
		first, _, _ := strings.Cut(reason, "\n")
		c.results.leaveOut(r.name, "", first)
		return
	}
	fmt.Fprintln(c.log, version)
	r.version = version
	c.rivals = append(c.rivals, r)
	c.results.add(r)
}

// chosen tells whether a server is among those that were asked for.
func chosen(name string, only []string) bool {
	for _, o := range only {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(o)) {
			return true
		}
	}
	return len(only) == 0
}

func (f *flags) write(c *contest) error {
	if err := os.MkdirAll(f.Out, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{"table.md": c.results.page(c.size), "brief.md": c.results.brief(c.size), "figures.csv": c.results.csv(), "rivals.svg": c.results.picture()} {
		if err := os.WriteFile(filepath.Join(f.Out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	fmt.Println(c.results.brief(c.size))
	if f.Readme == "" {
		return nil
	}
	return between(f.Readme, c.results.brief(c.size)+"\n"+pictureOf(f.Readme, f.Out))
}
