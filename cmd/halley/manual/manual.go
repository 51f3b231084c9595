// Package manual writes what is made from the flags: the man page and the completions of shells.
package manual

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Program is the command line as its documents show it.
type Program struct {
	name     string
	about    string
	version  string
	commands []command
}

// command is one command of the program.
type command struct {
	name   string
	help   string
	usage  string // what follows the name: flags and arguments
	groups []group
	values []*kong.Value // arguments by position
}

// group is flags under one heading.
type group struct {
	title string // empty for flags without a group
	flags []*kong.Flag
}

// Of reads kong's model.
func Of(model *kong.Application, version string) Program {
	p := Program{name: model.Name, about: model.Help, version: version}
	for _, node := range model.Children {
		if node.Hidden {
			continue
		}
		c := command{name: node.Name, help: node.Help, usage: usageOf(node)}
		for _, list := range node.AllFlags(true) {
			for _, f := range list {
				c.add(f)
			}
		}
		c.values = append(c.values, node.Positional...)
		p.commands = append(p.commands, c)
	}
	return p
}

// add puts a flag under its heading.
func (c *command) add(f *kong.Flag) {
	title := ""
	if f.Group != nil {
		title = f.Group.Title
	}
	for i := range c.groups {
		if c.groups[i].title == title {
			c.groups[i].flags = append(c.groups[i].flags, f)
			return
		}
	}
	c.groups = append(c.groups, group{title, []*kong.Flag{f}})
}

// flags are all flags of the command.
func (c *command) flags() (all []*kong.Flag) {
	for _, g := range c.groups {
		all = append(all, g.flags...)
	}
	return all
}

// repeats tells whether a command before this one has the same flag.
func (p Program) repeats(c command, f *kong.Flag) bool {
	for _, other := range p.commands {
		if other.name == c.name {
			return false
		}
		for _, g := range other.flags() {
			if g.Name == f.Name && g.Help == f.Help {
				return true
			}
		}
	}
	return false
}

// usageOf is what follows a command's name.
func usageOf(node *kong.Node) string {
	parts := []string{"[flags]"}
	for _, positional := range node.Positional {
		parts = append(parts, positional.Summary())
	}
	return strings.Join(parts, " ")
}

// choices are the values that a flag or argument takes; nil if it takes others.
func choices(v *kong.Value) (list []string) {
	if v.Enum == "" {
		return nil
	}
	for word := range strings.SplitSeq(v.Enum, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}

// takesFile tells whether the value of a flag is the path of a file.
func takesFile(f *kong.Flag) bool { return f.PlaceHolder == "FILE" || f.PlaceHolder == "DIR" }

// summary is the beginning of a help text, as much as one line of a list has room for.
func summary(help string) string {
	for _, end := range []string{"; ", ". ", ", ", " ("} {
		if text, _, found := strings.Cut(help, end); found && len(help) > 60 {
			help = text
		}
	}
	return strings.TrimSuffix(help, ".")
}
