package run

import (
	"compress/gzip"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/plan"
	"halley/scripts/loopback"
)

// proc is what the kernel tells of process 7, as far as a meter must have it.
func proc(pages int) fstest.MapFS {
	return fstest.MapFS{
		"7/stat":  {Data: []byte("7 (server) S 1 7 7 0 -1 4194560 100 0 0 0 250 750 0 0 20 0 9 0 100 1000 200 1")},
		"7/statm": {Data: []byte(fmt.Sprintf("5000 %d 100 1 0 200 0\n", pages))},
	}
}

func fakeMeter(files fstest.MapFS) *meter {
	m := newMeter(nil, client.NewClock(client.Monotonic()))
	m.readers = []*cost.Reader{{Proc: files, PID: 7, PageSize: 4096}}
	return m
}

func TestMeterSamplesWithTheNumberHeld(t *testing.T) {
	m := fakeMeter(proc(10))
	m.saw(client.Progress{Held: 5})
	m.begin("ramp", client.Progress{Ramped: 1})
	m.saw(client.Progress{Held: 9})
	m.end(client.Progress{Ramped: 9})
	samples := m.close()
	if len(samples) != 2 || samples[0].Held != 5 || samples[1].Held != 9 || samples[1].At < samples[0].At {
		t.Errorf("%+v", samples)
	}
	p := m.phases[0]
	if p.Name != "ramp" || p.Before.Ramped != 1 || p.After.Ramped != 9 || p.ServerBefore == nil || p.ServerAfter.RSS != 40960 {
		t.Errorf("%+v", p)
	}
}

func TestMeterOfAServerThatIsGone(t *testing.T) {
	m := fakeMeter(proc(10))
	if err := m.gone(); err != nil {
		t.Errorf("a server that is there: %v", err)
	}
	m.readers[0].Proc = fstest.MapFS{}
	if err := m.gone(); err == nil || !strings.Contains(err.Error(), "the server is gone") {
		t.Errorf("error %v", err)
	}
	if s := m.sample(true); s != nil || len(m.close()) != 0 {
		t.Errorf("a sample of nothing: %+v", s)
	}
}

func TestMeterWithoutAServer(t *testing.T) {
	m := newMeter([]int{0}, client.NewClock(client.Monotonic()))
	m.begin("ramp", client.Progress{})
	m.end(client.Progress{})
	if m.gone() != nil || m.sample(true) != nil || m.phases[0].ServerAfter != nil || len(m.close()) != 0 {
		t.Errorf("%+v", m.phases)
	}
}

// Ending the server ends its children, and one that does not heed the first signal too.
func TestStopEndsTheWholeGroup(t *testing.T) {
	address := loopback.Address(t)
	file := filepath.Join(t.TempDir(), "child")
	command := fmt.Sprintf(`sh -c 'sleep 60 & echo $! >%s.new; mv %s.new %s; wait'`, file, file, file)
	ended := make(chan error, 1)
	go func() {
		s, err := startServer(command, address, time.Minute)
		if err == nil {
			s.stop()
		}
		ended <- err
	}()
	var child int
	for child == 0 {
		if text, err := os.ReadFile(file); err == nil {
			fmt.Sscan(string(text), &child)
		}
		time.Sleep(time.Millisecond)
	}
	l, err := net.Listen("tcp", address) // now it seems to listen
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for alive(child) {
		time.Sleep(time.Millisecond) // the test's limit ends it if the child was left behind
	}
}

// alive reports whether a process runs; what waits to be reaped does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestFeedFiles(t *testing.T) {
	folder := t.TempDir()
	feed := "ms,symbol,price\n1000,A,1\n1010,B,2\n"
	plain, zipped, junk := filepath.Join(folder, "feed.csv"), filepath.Join(folder, "feed.csv.gz"), filepath.Join(folder, "junk.gz")
	file, err := os.Create(zipped)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(file)
	fmt.Fprint(z, feed)
	z.Close()
	file.Close()
	for name, text := range map[string]string{plain: feed, junk: feed} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := plan.FeedOptions{Time: "ms", Symbol: "symbol"}
	for _, name := range []string{plain, zipped} {
		if f, err := (FeedFile{name, options}).Load(); err != nil || len(f.Ticks) != 2 || strings.Join(f.Symbols, " ") != "A B" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	for name, want := range map[string]string{junk: "junk.gz", filepath.Join(folder, "none.csv"): "none.csv"} {
		if _, err := (FeedFile{name, options}).Load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
