// Proved by TestServerCommand and TestStopEndsTheWholeGroup.

package run

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// server is a process that we started to be measured.
type server struct {
	command *exec.Cmd
	ended   chan error
}

// startServer runs a shell command in a process group of its own and waits until
// address takes connections. exec in front of the last program of the command is
// added, so that the process measured is the server and not a shell.
func startServer(command, address string, patience time.Duration) (*server, error) {
	if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("something already listens on %s", address)
	}
	s := &server{command: exec.Command("/bin/sh", "-c", "exec "+command), ended: make(chan error, 1)}
	s.command.Stdout, s.command.Stderr = os.Stderr, os.Stderr
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	go func() { s.ended <- s.command.Wait() }()
	if err := s.awaitListener(address, patience); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) awaitListener(address string, patience time.Duration) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the server ended before it listened: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			c.Close()
			return nil
		}
	}
	return fmt.Errorf("the server did not listen on %s within %v", address, patience)
}

func (s *server) pid() int { return s.command.Process.Pid }

// stop ends the server's whole process group: SIGTERM, and SIGKILL five seconds later.
func (s *server) stop() {
	group := -s.pid()
	_ = syscall.Kill(group, syscall.SIGTERM) // it may be gone already
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-s.ended
	}
}
