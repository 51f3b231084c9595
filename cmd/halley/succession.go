// Proved by TestSuccession and TestSuccessorOnSignal.

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"halley/loop"
)

// meetPredecessor finds the server that this one takes over from, if there is to be one and it is there.
func (c *serveCommand) meetPredecessor(log *slog.Logger) (*loop.Predecessor, error) {
	if c.Loop.Control == "" || c.CheckConfig {
		return nil, nil
	}
	p, err := loop.Meet(c.Loop.Control)
	if p != nil {
		log.Info("this server takes over from another one", "control", c.Loop.Control)
	}
	return p, err
}

// internalSocket is the name by which the internal listener's socket goes to a successor.
const internalSocket = "internal"

// inheritedInternal is the predecessor's socket of the internal listener, if it has one at the same address.
func inheritedInternal(p *loop.Predecessor, address string) net.Listener {
	list := p.Take(internalSocket + " " + address)
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// successions starts a successor whenever a signal says so, until ctx is done.
func (c *serveCommand) successions(ctx context.Context, signals <-chan os.Signal, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		if c.Loop.Control == "" {
			log.Warn("SIGUSR2 starts a successor, which needs --control")
			continue
		}
		if err := startSuccessor(log); err != nil {
			log.Error("the successor was not started", "error", err)
		}
	}
}

// startSuccessor starts the program as it is on the disk now, as this one was started.
func startSuccessor(log *slog.Logger) error {
	program, err := onDisk()
	if err != nil {
		return err
	}
	next := exec.Command(program, os.Args[1:]...)
	next.Args[0] = os.Args[0]
	next.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "WATCHDOG_PID=") || strings.HasPrefix(v, "LISTEN_") // they are for this process
	})
	next.Stdout, next.Stderr = os.Stdout, os.Stderr
	if err := next.Start(); err != nil {
		return err
	}
	log.Info("a successor is started", "pid", next.Process.Pid, "program", program)
	go func() {
		if err := next.Wait(); err != nil {
			log.Error("the successor has ended", "error", err)
		}
	}()
	return nil
}

// onDisk is the file that this program was started from, also where it has been replaced since.
func onDisk() (string, error) {
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		return filepath.Abs(path)
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("where this program is on the disk: %w", err)
	}
	return strings.TrimSuffix(path, " (deleted)"), nil
}
