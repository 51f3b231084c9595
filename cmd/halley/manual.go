// Proved by TestManualCommands.

package main

import (
	"github.com/alecthomas/kong"

	"halley/cmd/halley/config"
	"halley/cmd/halley/manual"
)

// configCommand prints a configuration file to begin with.
type configCommand struct{}

// Run writes every setting of serve with what it does, switched off.
func (configCommand) Run(env environment, flags *kong.Context) error {
	for _, command := range flags.Model.Children {
		if command.Name == "serve" {
			return config.Example(env.stdout, command.AllFlags(true))
		}
	}
	return nil
}

// completionCommand prints what makes a shell complete this program's commands and flags.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Run writes the completion.
func (c completionCommand) Run(env environment, flags *kong.Context) error {
	return manual.Of(flags.Model, release()).Completion(env.stdout, c.Shell)
}

// manCommand prints the man page.
type manCommand struct{}

// Run writes the page.
func (manCommand) Run(env environment, flags *kong.Context) error {
	return manual.Of(flags.Model, release()).Page(env.stdout)
}
