// Proved by TestCheckHost and TestIsLoopback.

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"

	"halley/bench/preflight"
	"halley/bench/run"
	"halley/bench/wire"
)

// errHost says that this host cannot carry the run.
var errHost = errors.New("this host cannot carry the run (--force tries anyway)")

// checkHost prints what may limit the run and refuses one that must fail.
func checkHost(out io.Writer, root fs.FS, o run.Options, force bool) error {
	findings := preflight.Check(root, loadOf(o))
	for _, f := range findings {
		if f.Level >= preflight.Warning {
			fmt.Fprintf(out, "pre-flight: %s: %v\n", f.Level, f)
		}
	}
	if preflight.Worst(findings) == preflight.Fatal && !force {
		return errHost
	}
	return nil
}

func loadOf(o run.Options) preflight.Load {
	sockets := (o.Subscribers+o.Churners)*o.Sockets() + 2*o.Publishers + 2*o.Asks.Stalled
	return preflight.Load{
		Connections: sockets, Processes: o.Processes, Client: true, Server: slices.ContainsFunc(o.URLs, isLoopback),
		Sources: o.Sources, Burst: o.Connecting,
	}
}

// isLoopback reports whether both ends of the run's connections are on this host.
func isLoopback(url string) bool {
	endpoint, err := wire.ParseEndpoint(url)
	if err != nil {
		return false
	}
	host, _, err := net.SplitHostPort(endpoint.Host)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
