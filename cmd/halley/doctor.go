package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"text/tabwriter"

	"halley/bench/preflight"
	"halley/cmd/halley/config"
	"halley/loop"
)

// doctorCommand says how many connections this host can hold for a server with
// the flags of `halley serve`.
type doctorCommand struct {
	Connections int    `env:"-" default:"0" help:"Connections that are wanted; 0 is --max-connections, else the number of --profile-host, else 10000."`
	ProfileHost string `env:"-" default:"none" enum:"none,small,medium,large" help:"Print a file for /etc/sysctl.d for so many connections, in place of what this host has: small (20,000), medium (200,000) or large (1,000,000)."`
	Flags       bool   `env:"-" help:"Print which flags of serve are worth setting, and when, in place of what this host has."`
	config.Serve
}

const (
	// wantedConnections is what a server of this kind is for.
	wantedConnections = 10_000
	// burst is how many clients come back at once when a server has restarted.
	burst = 1024
	// connectionBytes is what a held poll with its session costs the server.
	connectionBytes = 1024
	// sealedBytes is what TLS adds to it.
	sealedBytes = 5 * 1024
)

// errUnfit says that this host cannot hold the connections.
var errUnfit = errors.New("this host cannot hold so many connections")

// profiles are the connections of --profile-host.
func profiles() map[string]int {
	return map[string]int{"small": 20_000, "medium": 200_000, "large": 1_000_000}
}

// Run checks the host, or prints what one should have.
func (c *doctorCommand) Run(env environment) error {
	if c.Flags {
		return advise(env.stdout)
	}
	root := os.DirFS("/")
	if c.ProfileHost == "none" {
		return c.check(env.stdout, root)
	}
	load := c.load(root)
	if load.Connections < 0 {
		return errNegative()
	}
	load.Burst = max(load.Burst, load.Connections/burstShare)
	return preflight.WriteProfile(env.stdout, load)
}

// advise prints the flags that matter.
func advise(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, a := range config.Advised() {
		fmt.Fprintf(t, "%s\t%s\n", a.Flag, a.When)
	}
	return t.Flush()
}

// burstShare is which part of a large audience comes back in the second after a restart: halley spreads the returns of those
// that it tells, and some lose their connection in another way.
const burstShare = 20

func errNegative() error { return usagef("--connections: must not be negative") }

// check prints a line for each setting of the host at root, and how many
// connections it can hold. What is too low makes it fail, a warning does not.
func (c *doctorCommand) check(out io.Writer, root fs.FS) error {
	load := c.load(root)
	if load.Connections < 0 {
		return errNegative()
	}
	findings := preflight.Check(root, load)
	for _, f := range findings {
		fmt.Fprintf(out, "%-8s %v\n", f.Level, f)
		if f.Level >= preflight.Warning {
			fmt.Fprintf(out, "%-8s %s\n", "", f.Why)
		}
	}
	if most, by := preflight.Capacity(findings); most < math.MaxInt64 {
		fmt.Fprintf(out, "\nThis host can hold %d connections. For more, change %s.\n", c.most(most), c.limit(most, by))
	} else {
		fmt.Fprintln(out, "\nThis host shows no limit.")
	}
	if preflight.Worst(findings) == preflight.Fatal {
		return fmt.Errorf("%w as %d", errUnfit, load.Connections)
	}
	return nil
}

// load is what the flags ask of the host.
func (c *doctorCommand) load(root fs.FS) preflight.Load {
	wanted, loops := c.Connections, c.Loop.Loops
	if wanted == 0 {
		wanted = c.Loop.MaxConnections
	}
	if wanted == 0 {
		wanted = profiles()[c.ProfileHost]
	}
	if wanted == 0 {
		wanted = wantedConnections
	}
	if loops == 0 {
		loops = usualLoops(root)
	}
	each := connectionBytes
	if len(c.Loop.TLSListen) > 0 { // they may all come there
		each += sealedBytes
	}
	return preflight.Load{
		Connections: wanted, Server: true, Burst: burst, UserBytes: each, Spare: loop.ReservedFiles + loops,
	}
}

// most is how many connections the host and --max-connections allow.
func (c *doctorCommand) most(host int64) int64 {
	if c.Loop.MaxConnections > 0 {
		return min(host, int64(c.Loop.MaxConnections))
	}
	return host
}

// limit is what to change for more.
func (c *doctorCommand) limit(host int64, by preflight.Finding) string {
	if c.Loop.MaxConnections > 0 && int64(c.Loop.MaxConnections) < host {
		return "--max-connections"
	}
	return by.Change
}
