// Proved by TestWhatCanGoWrong and TestCuts.

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"halley/scripts/disorders/links"
	"halley/scripts/nodes"
	"halley/scripts/roundrobin/proxy"
)

// The numbers of addresses: nodes have 1 to 3.
const (
	frontNumber  = 9
	natsNumber   = 10
	sourceNumber = 11 // where links come from; nobody listens there
	linkNumber   = 20
)

// world is the nodes, what joins them, and the proxy before them.
type world struct {
	network nodes.Network
	dir     string
	nodes   []*nodes.Node
	links   map[[2]int]*links.Link // by the pair of nodes; of an external server by node and -1
	count   int
	nats    *exec.Cmd // external server, if there is one
	program string    // of it
	front   *http.Server
	proxy   *proxy.Balancer
}

// flags are those of every node.
func flags() []string {
	return []string{"--rule", kept + "* history=100000", "--history-bytes", "256MiB", "--loops", "2", "--drain-delay", "0s"}
}

// startTime is how long nodes may take until they are ready.
const startTime = 3 * time.Minute

// newWorld starts all of it, and waits until the nodes are ready.
func newWorld(ctx context.Context, o *options, dir string) (*world, error) {
	w := &world{network: nodes.NewNetwork(os.Getpid()), dir: dir, links: make(map[[2]int]*links.Link), count: o.Nodes, program: o.Nats}
	if err := w.build(o.Halley); err != nil {
		return w, err
	}
	if w.program != "" {
		if err := w.startNats(); err != nil {
			return w, err
		}
	}
	start, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := nodes.StartAll(start, w.nodes); err != nil {
		return w, err
	}
	return w, w.open()
}

// build makes links and nodes. One alone is no cluster.
func (w *world) build(program string) (err error) {
	if w.count == 1 {
		w.nodes = []*nodes.Node{nodes.New(program, w.dir, "node-0", w.network.Host(1), append(flags(), "--history-file", filepath.Join(w.dir, "history"))...)}
		return nil
	}
	if w.program != "" {
		for n := range w.count {
			if err := w.link([2]int{n, -1}, linkNumber+n, w.network.Host(natsNumber)+":"+natsPort); err != nil {
				return err
			}
		}
		w.nodes = w.network.External(program, w.dir, w.count, func(n int) string { return w.links[[2]int{n, -1}].Address() }, flags()...)
		return nil
	}
	for from := range w.count {
		for to := range w.count {
			if from == to {
				continue
			}
			if err := w.link([2]int{from, to}, linkNumber+w.count*from+to, w.network.Host(to+1)+":"+nodes.ClusterPort); err != nil {
				return err
			}
		}
	}
	w.nodes = w.network.Cluster(program, w.dir, w.count, func(from, to int) string { return w.links[[2]int{from, to}].Address() }, flags()...)
	return nil
}

// link opens one. All come from an address where nobody listens: a node that tells others where a peer came from must not show
// them a way around the link.
func (w *world) link(pair [2]int, number int, target string) (err error) {
	w.links[pair], err = links.Open(w.network.Host(number)+":"+nodes.ClusterPort, target, w.network.Host(sourceNumber))
	return err
}

// open starts the proxy before the nodes.
func (w *world) open() error {
	var backends []string
	for _, n := range w.nodes {
		backends = append(backends, n.Public())
	}
	listener, err := net.Listen("tcp", w.address())
	if err != nil {
		return err
	}
	w.proxy = proxy.New(backends...)
	w.front = w.proxy.Server()
	go w.front.Serve(listener)
	return nil
}

// address is where clients come to.
func (w *world) address() string { return w.network.Host(frontNumber) + ":" + nodes.PublicPort }

const natsPort = "4222"

// startNats runs an external server with a store of its own.
func (w *world) startNats() error {
	log, err := os.OpenFile(filepath.Join(w.dir, "nats.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	nats := exec.Command(w.program, "-a", w.network.Host(natsNumber), "-p", natsPort, "-js", "-sd", filepath.Join(w.dir, "nats"))
	nats.Stdout, nats.Stderr = log, log
	nats.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := nats.Start(); err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	w.nats = nats
	return nil
}

// stopNats ends it as a restart does, or as a crash.
func (w *world) stopNats(with syscall.Signal) {
	if w.nats != nil {
		_ = w.nats.Process.Signal(with) // it may have ended
		_ = w.nats.Wait()               // by the signal
		w.nats = nil
	}
}

// close ends everything, and tells of what the nodes must not have logged.
func (w *world) close() error {
	for _, n := range w.nodes {
		n.Signal(syscall.SIGCONT)
	}
	if w.front != nil {
		w.front.Close()
	}
	nodes.EndAll(w.nodes)
	w.stopNats(syscall.SIGKILL)
	var closing sync.WaitGroup
	for _, l := range w.links {
		closing.Go(l.Close)
	}
	closing.Wait()
	var errs []error
	for _, n := range w.nodes {
		for _, line := range n.Panics() {
			errs = append(errs, errors.New(line))
		}
	}
	return errors.Join(errs...)
}
