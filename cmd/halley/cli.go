// Proved by TestUsageErrorsExitWith2 and TestFailuresExitWith1.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"halley/cmd/halley/config"
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
}

// commands are the command line.
type commands struct {
	VersionFlag kong.VersionFlag `name:"version" env:"-" help:"Print version, commit and Go version."`

	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Pub     pubCommand     `cmd:"" help:"Publish a message, lines of them from standard input, or a recorded feed."`
	Sub     subCommand     `cmd:"" help:"Subscribe to channels and print one JSON line for each message."`
	Doctor  doctorCommand  `cmd:"" help:"Check how many connections this host can hold for serve with the same flags."`
	Version versionCommand `cmd:"" help:"Print version, commit and Go version."`
}

// usageError is a fault of flags or configuration.
type usageError struct{ err error }

// Error is the fault in words, the flag by name.
func (e usageError) Error() string { return e.err.Error() }

// Unwrap returns what was found wrong.
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// helped is thrown when help has been printed, since kong would go on.
type helped struct{ code int }

// run parses the command line, runs its command and gives the exit code.
func run(env environment, args []string) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case helped:
			code = r.code
		default:
			panic(r)
		}
	}()
	var c commands
	from := new(config.Source)
	args = config.JoinNegative(args)
	parser, err := kong.New(&c,
		kong.Name("halley"),
		kong.Description("A Comet server: Bayeux over held connections, for fan-out to many subscribers."),
		config.Options(from),
		kong.Vars{"version": described()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(code int) { panic(helped{code}) }),
	)
	if err != nil {
		return report(env, err, "halley")
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return report(env, usageError{from.Blame(named(err, args))}, commandName(args))
	}
	ctx.Bind(env)
	return report(env, from.Blame(ctx.Run()), "halley "+ctx.Selected().Name)
}

// report prints an error and gives its exit code.
func report(env environment, err error, command string) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(env.stderr, "%s: %s\n", command, strings.ReplaceAll(err.Error(), "\n", "; "))
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(env.stderr, "%s --help lists the flags.\n", command)
		return exitUsage
	}
	return exitFailed
}

// named is an error without the name of the command that kong puts before what a
// command's own check says: the message begins with it anyway.
func named(err error, args []string) error {
	if len(args) > 0 {
		if text, ok := strings.CutPrefix(err.Error(), args[0]+": "); ok {
			return errors.New(text)
		}
	}
	return err
}

// commandName is the command that was meant, for messages.
func commandName(args []string) string {
	if len(args) > 0 {
		switch args[0] {
		case "serve", "pub", "sub", "doctor", "version":
			return "halley " + args[0]
		}
	}
	return "halley"
}
