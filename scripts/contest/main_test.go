package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain is a server where the test's program is started as one: it listens at an address, or is deaf and ends.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "deaf" {
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == "listen" {
		l, err := net.Listen("tcp", os.Args[2])
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for {
			if _, err := l.Accept(); err != nil {
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// fake is a rival that is no server of ours: its program is this one.
func fake(name string, args ...string) rival {
	return rival{name: name, ways: []way{bayeux(longPolls, "/bayeux", "long-polling")},
		get: func(*store) (string, error) { return "1.0", nil },
		start: func(_ *store, p place) (process, error) {
			return process{args: append([]string{os.Args[0]}, append(args, p.listen())...)}, nil
		}}
}

// tiny is as little as there can be.
func tiny() size {
	return size{held: [2]int{10, 30}, hold: 50 * time.Millisecond, subscribers: 20, rate: 20, messages: 4, burst: 10, duration: 100 * time.Millisecond, warm: 50 * time.Millisecond}
}

// A contest measures what is there, and says what is not and why.
func TestContest(t *testing.T) {
	bench := filepath.Join(t.TempDir(), "halley-bench")
	if out, err := exec.Command("go", "build", "-o", bench, "../../cmd/halley-bench").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ours, warm := baseline(), baseline()
	ours.name, ours.least, warm.name, warm.warms = "ours", false, "warm", time.Second
	away := fake("away")
	away.get = func(*store) (string, error) { return "", errors.New("no such program here\nand more") }
	readme := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+beginMark+"\nold\n"+endMark+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := flags{Halley: "halley", Bench: bench, Folder: ".", Cache: t.TempDir(), Rounds: 2, For: time.Hour, Out: t.TempDir(), Readme: readme}
	c, err := f.contest([]rival{ours, warm, fake("deaf", "deaf"), away})
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(c.work)
	c.size = tiny()
	c.measureAll(t.Context(), f.Rounds, f.For)
	if err := f.write(c); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ours", "warm"} {
		for _, m := range []measure{cpu, p50, p99, most} {
			if got := len(c.results.all[name][longPolls]); got != 2 || c.results.all[name][longPolls][1][m] <= 0 {
				t.Errorf("%s: %d rounds, %s is %v", name, got, m, c.results.all[name])
			}
		}
	}
	text := readFile(t, readme)
	for _, want := range []string{"before\n", "\nafter\n", "| long-polls | ours |", "away: no such program here\n", "deaf, long-polls: it ended", "rivals.svg)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\nold\n") || !strings.Contains(readFile(t, filepath.Join(f.Out, "figures.csv")), "long-polls,ours,,2,p99 (ns),") {
		t.Error(text)
	}
}

// The exit status tells what is absent, and that nothing is there.
func TestStatus(t *testing.T) {
	away := fake("away")
	away.get = func(*store) (string, error) { return "", errors.New("absent") }
	f := flags{Folder: ".", Cache: t.TempDir(), Rounds: 0, Out: t.TempDir()}
	for _, c := range []struct {
		all  []rival
		only []string
		want int
	}{
		{[]rival{fake("a")}, nil, 0},
		{[]rival{fake("a"), away}, nil, exitAbsent},
		{[]rival{fake("a"), away}, []string{"A"}, exitAbsent},
		{[]rival{fake("a"), away}, []string{"a", "b"}, exitAbsent},
		{[]rival{fake("a"), fake("b")}, []string{"B"}, 0},
		{[]rival{away}, nil, exitFailed},
	} {
		f.Only = c.only
		if got := f.run(context.Background(), c.all); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.only, len(c.all), got, c.want)
		}
	}
}

// What was interrupted leaves the tables of before.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := flags{Folder: ".", Cache: t.TempDir(), Rounds: 2, For: time.Minute, Out: filepath.Join(t.TempDir(), "out")}
	if got := f.run(ctx, []rival{fake("a")}); got != exitFailed {
		t.Errorf("status %d", got)
	}
	if _, err := os.Stat(f.Out); err == nil {
		t.Error("there are tables")
	}
}

// A quick run is one round of two servers, unless others are asked for.
func TestQuick(t *testing.T) {
	all := []rival{fake("halley"), fake("Faye"), fake("Other")}
	for only, want := range map[string]int{"": 2, "other": 1} {
		f := flags{Folder: ".", Cache: t.TempDir(), Quick: true, Rounds: 3}
		if only != "" {
			f.Only = []string{only}
		}
		c, err := f.contest(all)
		if err != nil {
			t.Fatal(err)
		}
		os.RemoveAll(c.work)
		if len(c.rivals) != want || f.Rounds != 1 || c.size != quick() {
			t.Errorf("%q: %d rivals, %d rounds, %+v", only, len(c.rivals), f.Rounds, c.size)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
