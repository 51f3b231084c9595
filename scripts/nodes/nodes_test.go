package nodes

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain is a server where the test's program is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		os.Exit(fake(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// fake answers as a server does that is ready, and refuses to publish "no".
func fake(args []string) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	internal := flags.String("internal", "", "")
	fault := flags.String("fault", "", "")
	for _, name := range []string{"listen", "log-format", "cluster-listen", "cluster-name", "cluster-store", "cluster-replicas", "cluster-peer"} {
		_ = flags.String(name, "", "")
	}
	if flags.Parse(args) != nil {
		return 2
	}
	fmt.Println(`{"msg":"started"}`)
	if *fault != "" {
		fmt.Println(*fault)
		return 1
	}
	http.HandleFunc("/health/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/publish", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) == "no" {
			http.Error(w, "not this", http.StatusServiceUnavailable)
		}
	})
	fmt.Println(http.ListenAndServe(*internal, nil))
	return 1
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestLifeOfNodes(t *testing.T) {
	ctx := within(t)
	all := NewNetwork(os.Getpid()).Cluster(os.Args[0], t.TempDir(), 3, nil)
	t.Cleanup(func() { EndAll(all) })
	if err := StartAll(ctx, all); err != nil {
		t.Fatal(err)
	}
	n := all[1]
	if err := n.Publish(ctx, "yes"); err != nil {
		t.Error(err)
	}
	if err := n.Publish(ctx, "no"); err == nil || !strings.Contains(err.Error(), "503 not this") {
		t.Error(err)
	}
	before := n.PID()
	n.Kill()
	if n.Alive() || n.PID() != 0 || n.Ready(ctx) {
		t.Error("it lives after it was killed")
	}
	n.Signal(syscall.SIGCONT) // does no harm
	n.Kill()
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := n.Await(ctx); err != nil || n.PID() == before || !n.Alive() {
		t.Error(err, n.PID())
	}
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if n.Signal(syscall.SIGSTOP); n.Ready(short) {
		t.Error("it answers while it is stopped")
	}
	n.Signal(syscall.SIGCONT)
	if err := n.Await(ctx); err != nil {
		t.Error("it does not go on:", err)
	}
	if len(n.Panics()) != 0 {
		t.Error(n.Panics())
	}
}

// What keeps a node from starting is told with its log.
func TestNodesThatEnd(t *testing.T) {
	n := New(os.Args[0], t.TempDir(), "ill", NewNetwork(os.Getpid()).Host(9), "--fault", "panic: at once")
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	defer n.End()
	if err := n.Await(within(t)); err == nil || !strings.Contains(err.Error(), "panic: at once") {
		t.Error(err)
	}
	if got := n.Panics(); !slices.Equal(got, []string{"ill: panic: at once"}) {
		t.Errorf("%q", got)
	}
	if err := New("/nowhere", t.TempDir(), "none", "127.0.0.1").Start(); err == nil {
		t.Error("a program that is not there runs")
	}
	if got := New("/nowhere", t.TempDir(), "none", "127.0.0.1"); len(got.Panics()) != 1 || !strings.Contains(got.Tail(), "no such file") {
		t.Error("a log that is not there is read")
	}
}

func TestAddressesAndFlags(t *testing.T) {
	if a, b := NewNetwork(1000), NewNetwork(1001); a.Host(1) == b.Host(1) || a.Host(1) == a.Host(2) {
		t.Errorf("%s %s %s", a.Host(1), b.Host(1), a.Host(2))
	}
	net := Network{"127.9.9."}
	all := net.Cluster("halley", "/dir", 3, func(from, to int) string { return fmt.Sprintf("via-%d-%d", from, to) }, "--demo")
	flags := strings.Join(all[1].flags, " ")
	for _, want := range []string{"--listen 127.9.9.2:8080", "--cluster-listen 127.9.9.2:6222", "--cluster-peer via-1-0", "--cluster-peer via-1-2",
		"--cluster-replicas 3", "--cluster-store /dir/store-1", "--demo"} {
		if !strings.Contains(flags, want) {
			t.Errorf("%s is not in %s", want, flags)
		}
	}
	if all[0].Public() != "127.9.9.1:8080" || strings.Contains(flags, "via-1-1") {
		t.Errorf("%s %s", all[0].Public(), flags)
	}
	external := net.External("halley", "/dir", 2, func(n int) string { return fmt.Sprint("nats-", n) })
	if flags := strings.Join(external[1].flags, " "); !strings.Contains(flags, "--cluster nats://nats-1 ") {
		t.Error(flags)
	}
}

// Nodes that are ended are told to, and one that does not become ready in time is told of.
func TestEnds(t *testing.T) {
	ctx := within(t)
	n := New(os.Args[0], t.TempDir(), "node", NewNetwork(os.Getpid()).Host(8))
	if err := StartAll(ctx, []*Node{n}); err != nil {
		t.Fatal(err)
	}
	n.Signal(syscall.SIGSTOP)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := n.Await(short); err == nil || !strings.Contains(err.Error(), "does not become ready") {
		t.Error(err)
	}
	n.Signal(syscall.SIGCONT)
	process := n.process
	EndAll([]*Node{n})
	if status, ok := process.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("it has ended by %v", process.ProcessState)
	}
	n.End() // does no harm
	if err := StartAll(ctx, []*Node{New("/bin/false", t.TempDir(), "false", "127.0.0.1")}); err == nil {
		t.Error("a program that ends at once is a node")
	}
	if err := StartAll(ctx, []*Node{New("/nowhere", t.TempDir(), "none", "127.0.0.1")}); err == nil {
		t.Error("a program that is not there is a node")
	}
}

// Publishes of many goroutines go on while the node is killed and started again: they fail, and succeed again.
func TestPublishesWhileANodeIsKilled(t *testing.T) {
	ctx := within(t)
	n := New(os.Args[0], t.TempDir(), "node", NewNetwork(os.Getpid()).Host(7))
	t.Cleanup(n.End)
	if err := StartAll(ctx, []*Node{n}); err != nil {
		t.Fatal(err)
	}
	failed, stop := make(chan struct{}, 1000), make(chan struct{})
	var publishing sync.WaitGroup
	for range 4 {
		publishing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if n.Publish(ctx, "yes") != nil {
					select {
					case failed <- struct{}{}:
					default:
					}
				}
			}
		})
	}
	n.Kill()
	<-failed
	if err := StartAll(ctx, []*Node{n}); err != nil {
		t.Error(err)
	}
	close(stop)
	publishing.Wait()
	if err := n.Publish(ctx, "yes"); err != nil {
		t.Error(err)
	}
}
