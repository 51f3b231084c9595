package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// relaxTimers lets the kernel wake this process late by slack, so that wakes fall
// together (prctl(2), PR_SET_TIMERSLACK). It is for the sake of the Go runtime's
// monitor, a thread that wakes every 20 µs for a while whenever something begins
// to happen, and looks in vain: on a virtual machine each wake costs more than a
// message to a client.
//
// A thread hands its slack on to those that it starts, and the monitor is started
// before any code of ours. So the program starts once more in the same process,
// unless whoever started it gave it the slack (TimerSlackNSec= of a systemd unit).
// Where that cannot be, the log says so.
func relaxTimers(ctx context.Context, slack time.Duration, log *slog.Logger) error {
	runtime.LockOSThread() // what is set here is handed on from here
	defer runtime.UnlockOSThread()
	if timerSlack() >= slack {
		return nil
	}
	if err := setSlack(slack); err != nil {
		log.Warn("timers are not late, which costs some CPU time", "flag", "--timer-slack", "error", err)
		return nil
	}
	signal.Reset() // one that comes now ends the process, and none is missed
	if ctx.Err() != nil {
		return nil
	}
	err := syscall.Exec(self, os.Args, os.Environ())
	return fmt.Errorf("--timer-slack: starting once more: %w; 0 asks for no slack", err)
}

// self is the program that runs.
const self = "/proc/self/exe"

// setSlack gives this thread the slack, if the program can be started with it.
func setSlack(slack time.Duration) error {
	if _, err := os.Stat(self); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	if timerSlack() < slack {
		return errors.New("the system gives none, as to threads of a real-time priority")
	}
	return nil
}

// timerSlack is by how much timers of this thread may be late.
func timerSlack() time.Duration {
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		return 0
	}
	return time.Duration(slack)
}
