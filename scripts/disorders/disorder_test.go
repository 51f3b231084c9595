package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/scripts/disorders/links"
	"halley/scripts/disorders/model"
	"halley/scripts/nodes"
	"halley/scripts/roundrobin/proxy"
)

// still is a world in which nothing runs.
func still(t *testing.T, program string, count int) *world {
	t.Helper()
	w := &world{network: nodes.NewNetwork(os.Getpid()), dir: t.TempDir(), links: make(map[[2]int]*links.Link), count: count, program: program}
	if err := w.build("halley"); err != nil {
		t.Fatal(err)
	}
	for _, n := range w.nodes {
		if err := os.WriteFile(filepath.Join(w.dir, n.Name+".log"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// A seed says what goes wrong.
func TestSeeds(t *testing.T) {
	w := still(t, "", 3)
	plan := func(seed uint64) (text string) {
		random := rand.New(rand.NewPCG(seed, 0))
		all := w.disorders(random)
		for range 10 {
			for _, name := range []string{"kill", "stop", "cut"} {
				d := all[name]()
				text += fmt.Sprintln(d.what, d.lasts, d.kills)
			}
		}
		return text
	}
	if first, again := plan(1), plan(1); first != again || first == plan(2) {
		t.Error("what goes wrong does not follow from the seed")
	}
	for _, want := range []string{"kill node-0", "kill node-1", "kill node-2", "stop node-1", "break the link of ", "silence the link of "} {
		if !strings.Contains(plan(1), want) {
			t.Errorf("no %q in\n%s", want, plan(1))
		}
	}
}

func TestWhatCanGoWrong(t *testing.T) {
	for _, c := range []struct {
		program string
		count   int
		links   int
		has     []string
		lacks   string
	}{
		{"", 1, 0, []string{"kill", "stop"}, "cut"},
		{"", 3, 6, []string{"kill", "stop", "cut"}, "nats"},
		{"nats-server", 3, 3, []string{"kill", "stop", "cut", "nats"}, "other"},
	} {
		w := still(t, c.program, c.count)
		all := w.disorders(rand.New(rand.NewPCG(1, 0)))
		for _, name := range c.has {
			if all[name] == nil || all[name]().lasts <= 0 {
				t.Errorf("%d nodes, program %q: no %s", c.count, c.program, name)
			}
		}
		if all[c.lacks] != nil || len(w.links) != c.links || len(w.nodes) != c.count {
			t.Errorf("%d nodes, program %q: %d links, %s %v", c.count, c.program, len(w.links), c.lacks, all[c.lacks] != nil)
		}
		if err := w.close(); err != nil {
			t.Error(err)
		}
		w.links, w.nodes = nil, nil
	}
}

// Both ways of a link are cut and healed.
func TestCuts(t *testing.T) {
	w := still(t, "", 3)
	lives := func(l *links.Link) bool {
		c, err := net.Dial("tcp", l.Address())
		if err != nil {
			return false
		}
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		_, err = c.Read(make([]byte, 1))
		return err == nil
	}
	for _, n := range w.nodes { // which say something to whoever comes
		listener, err := net.Listen("tcp", n.Host+":"+nodes.ClusterPort)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			for c, err := listener.Accept(); err == nil; c, err = listener.Accept() {
				_, _ = c.Write([]byte("x"))
			}
		}()
	}
	var d disorder
	for random := rand.New(rand.NewPCG(1, 0)); !strings.HasPrefix(d.what, "break"); d = w.cut(random) {
	}
	count := func() (alive int) {
		for _, l := range w.links {
			if lives(l) {
				alive++
			}
		}
		return alive
	}
	d.begin()
	if alive := count(); alive != 4 {
		t.Errorf("%d of 6 links live while one pair is cut", alive)
	}
	if err := d.end(); err != nil || count() != 6 {
		t.Error("the cut is not healed")
	}
}

// The end of a run says what was wrong, and is an error then.
func TestTelling(t *testing.T) {
	w := &world{proxy: proxy.New("127.0.0.1:1")}
	o := &options{Seed: 9, Recovery: 3 * time.Second}
	tell := func(r *report) (string, error) {
		var out bytes.Buffer
		err := o.tell(&out, r, w)
		return out.String(), err
	}
	good := &report{recovery: []time.Duration{time.Second, 2 * time.Second}, delivered: 5, published: map[model.Outcome]int{model.Acknowledged: 4}}
	if text, err := tell(good); err != nil || !strings.Contains(text, "seed 9: 0 faults") || !strings.Contains(text, "4 messages acknowledged") || !strings.Contains(text, "2 clients: p50 2s") {
		t.Errorf("%v\n%s", err, text)
	}
	slow := &report{recovery: []time.Duration{time.Second, 4 * time.Second}}
	if _, err := tell(slow); err == nil || !strings.Contains(err.Error(), "after 4s") {
		t.Error(err)
	}
	o.Outage = 2 * time.Second
	if text, err := tell(&report{outage: 1900 * time.Millisecond}); err != nil || !strings.Contains(text, "after a kill: 1.9s") {
		t.Errorf("%v\n%s", err, text)
	}
	if _, err := tell(&report{outage: 3 * time.Second}); err == nil || !strings.Contains(err.Error(), "took 3s") {
		t.Error(err)
	}
	if text, err := tell(&report{faults: make([]string, shown+2)}); err == nil || !strings.Contains(text, "and 2 more") {
		t.Errorf("%v\n%s", err, text)
	}
}
