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

// halleyFlags are the flags without a command.
type halleyFlags struct {
	Version kong.VersionFlag `env:"-" help:"Print version, commit and Go version."`
}

// command is a word of the command line: what it is for, and what kong fills in and runs.
type command struct {
	name, help string
	runs       any
}

// commands are all of them, in the order of help.
func (p *parsed) commands() []command {
	return []command{
		{"serve", "Run the server.", &p.serve},
		{"pub", "Publish a message, lines of them from standard input, or a recorded feed.", new(pubCommand)},
		{"sub", "Subscribe to channels and print one JSON line for each message.", new(subCommand)},
		{"doctor", "Check how many connections this host can hold for serve with the same flags.", new(doctorCommand)},
		{"health", "Ask a server with the same flags whether it is well, for containers and scripts: exit 0 or 1.", new(healthCommand)},
		{"cluster", "Print what a node knows of its cluster: the other nodes, and what has gone between them.", new(clusterCommand)},
		{"token", "Sign a token (JWT), to try out what clients may do or for back-ends in shells.", new(tokenCommand)},
		{"version", "Print version, commit and Go version.", new(versionCommand)},
		{"config", "Print a configuration file for serve in which every setting is explained.", new(configCommand)},
		{"completion", "Print the completion of a shell.", new(completionCommand)},
		{"man", "Print the man page.", new(manCommand)},
	}
}

// meant are the commands that kong has to know for a command line. Where that begins with one which looks at no other it is that
// alone: there are hundreds of flags, and reading all their tags is most of the time that a short command takes.
func (p *parsed) meant(args []string) []command {
	all := p.commands()
	i := named(all, args)
	if i < 0 || slices.Contains([]string{"config", "completion", "man"}, all[i].name) {
		return all
	}
	return all[i : i+1]
}

// named is which of commands a command line begins with, or -1.
func named(commands []command, args []string) int {
	return slices.IndexFunc(commands, func(c command) bool { return len(args) > 0 && c.name == args[0] })
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
	serve   serveCommand
	context *kong.Context
	from    config.Source
}

// parse reads the command line, the environment and the file of --config.
func parse(env environment, args []string) (*parsed, error) {
	p := new(parsed)
	args = config.JoinNegative(args)
	options := []kong.Option{
		kong.Name("halley"),
		kong.Description("A Comet server: Bayeux over held connections, for fan-out to many subscribers."),
		config.Options(&p.from),
		kong.Vars{"version": described()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(code int) { panic(helped{code}) }),
	}
	for _, c := range p.meant(args) {
		options = append(options, kong.DynamicCommand(c.name, c.help, "", c.runs))
	}
	parser, err := kong.New(new(halleyFlags), options...)
	if err != nil {
		return nil, err
	}
	if p.context, err = parser.Parse(args); err != nil {
		return nil, usageError{p.from.Blame(absent(unprefixed(err, args)))}
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

// unprefixed is an error without the name of the command that kong puts before what a
// command's own check says: the message begins with it anyway.
func unprefixed(err error, args []string) error {
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
	if named(new(parsed).commands(), args) >= 0 {
		return "halley " + args[0]
	}
	return "halley"
}
