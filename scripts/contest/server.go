// Proved by TestServers.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// server is a rival that runs.
type server struct {
	place   place
	command *exec.Cmd
	ended   chan struct{}
	pids    []int // of all its processes, the first one's first
}

// patience is how long a server may take until it listens.
const patience = 30 * time.Second

// serve starts a rival in a folder of its own and waits until it takes connections.
func (c *contest) serve(r *rival, idle bool) (*server, error) {
	dir, err := os.MkdirTemp(c.work, "server")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s := &server{place: place{dir, ports[0], ports[1], idle}, ended: make(chan struct{})}
	p, err := r.start(c.store, s.place)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := slices.Concat(c.pins.server, p.args)
	s.command = exec.Command(args[0], args[1:]...)
	s.command.Dir, s.command.Env, s.command.Stdout, s.command.Stderr = dir, append(os.Environ(), p.env...), log, log
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.command.Wait() // how it ended is in its log
		close(s.ended)
	}()
	if err := s.await([]int{s.place.port, p.takes}); err != nil {
		s.stop()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w: %.500s", err, bytes.TrimSpace(text))
	}
	return s, nil
}

// await waits until all ports that are not 0 take connections, and for the processes that a server starts then.
func (s *server) await(ports []int) error {
	deadline := time.Now().Add(patience)
	for _, port := range ports {
		for port != 0 && !takes(port) {
			select {
			case <-s.ended:
				return errors.New("it ended")
			case <-time.After(20 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("it does not listen after %v", patience)
			}
		}
	}
	time.Sleep(300 * time.Millisecond)
	s.pids = family(os.DirFS("/proc"), s.command.Process.Pid)
	return nil
}

func takes(port int) bool {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// stop ends all processes of the server at once: there is nothing that it should save.
func (s *server) stop() {
	_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL) // they may be gone
	for _, pid := range s.pids {
		_ = syscall.Kill(pid, syscall.SIGKILL) // that has left the group
	}
	<-s.ended
}

// freePorts are ports that nobody listens on, below those that a system gives to whoever asks for any: nobody comes to them by chance
// before the server does.
func freePorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		port := leastPort + rand.IntN(mostPort-leastPort)
		l, e := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if e == nil {
			defer l.Close()
			ports = append(ports, port)
		} else if tries >= 1000 {
			return nil, e
		}
	}
	return ports, nil
}

const leastPort, mostPort = 20_000, 32_000
