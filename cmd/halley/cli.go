// Proved by TestUsageErrorsExitWith2 and TestFailuresExitWith1.

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"halley/cmd/halley/config"
)

// commands are the command line.
type commands struct {
	VersionFlag kong.VersionFlag `name:"version" env:"-" help:"Print version, commit and Go version."`

	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Pub     pubCommand     `cmd:"" help:"Publish a message, lines of them from standard input, or a recorded feed."`
	Sub     subCommand     `cmd:"" help:"Subscribe to channels and print one JSON line for each message."`
	Doctor  doctorCommand  `cmd:"" help:"Check how many connections this host can hold for serve with the same flags."`
	Health  healthCommand  `cmd:"" help:"Ask a server with the same flags whether it is well, for containers and scripts: exit 0 or 1."`
	Cluster clusterCommand `cmd:"" help:"Print what a node knows of its cluster: the other nodes, and what has gone between them."`
	Token   tokenCommand   `cmd:"" help:"Sign a token (JWT), to try out what clients may do or for back-ends in shells."`
	Version versionCommand `cmd:"" help:"Print version, commit and Go version."`

	Config     configCommand     `cmd:"" help:"Print a configuration file for serve in which every setting is explained."`
	Completion completionCommand `cmd:"" help:"Print the completion of a shell."`
	Man        manCommand        `cmd:"" help:"Print the man page."`
}

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
	env.args = args
	p, err := parse(env, args)
	if err != nil {
		return report(env, err, commandName(args))
	}
	p.context.Bind(env)
	return report(env, p.from.Blame(p.context.Run()), "halley "+p.context.Selected().Name)
}

// parsed is a command line that was read.
type parsed struct {
	commands commands
	context  *kong.Context
	from     config.Source
}

// parse reads the command line, the environment and the file of --config.
func parse(env environment, args []string) (*parsed, error) {
	p := new(parsed)
	args = config.JoinNegative(args)
	parser, err := kong.New(&p.commands,
		kong.Name("halley"),
		kong.Description("A Comet server: Bayeux over held connections, for fan-out to many subscribers."),
		config.Options(&p.from),
		kong.Vars{"version": described()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(code int) { panic(helped{code}) }),
	)
	if err != nil {
		return nil, err
	}
	if p.context, err = parser.Parse(args); err != nil {
		return nil, usageError{p.from.Blame(absent(named(err, args)))}
	}
	return p, nil
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

// absent is an error with the reason for it, where that is that this program is built without what a flag is of.
func absent(err error) error {
	text := err.Error()
	found := func(name string) bool {
		return strings.Contains(text, "unknown flag --"+name) || strings.Contains(text, `unknown key "`+name)
	}
	if !config.Clustered && slices.ContainsFunc([]string{"cluster", "feed-", "import", "export"}, found) {
		return fmt.Errorf("%w: this program is built without the cluster (nocluster)", err)
	}
	return err
}

// commandName is the command that was meant, for messages.
func commandName(args []string) string {
	if len(args) > 0 {
		switch args[0] {
		case "serve", "pub", "sub", "doctor", "health", "cluster", "token", "version", "config", "completion", "man":
			return "halley " + args[0]
		}
	}
	return "halley"
}
