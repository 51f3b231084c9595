// Proved by TestUsageErrorsExitWith2 and TestFailuresExitWith1.

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // bad flags or configuration
)

// environment is what a command has of the world.
type environment struct {
	ctx    context.Context // done on SIGINT and SIGTERM
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// settle prepares the process for a server: its signals, and that timers may be
	// late by a duration; nil where the process is not the command's own.
	settle func(time.Duration, *slog.Logger) error
	// hangups brings the signals that ask for a reload, once the process is settled.
	hangups <-chan os.Signal
	// successions brings those that ask for a successor.
	successions <-chan os.Signal
	args        []string // which run has got
}

// usageError is a fault of flags or configuration.
type usageError struct{ err error }

// Error is the fault in words, the flag by name.
func (e usageError) Error() string { return e.err.Error() }

// Unwrap returns what was found wrong.
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
