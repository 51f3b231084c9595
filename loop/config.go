// Proved by TestCoreConfig and TestConfigErrors.

// Package loop is the reactor: gnet event loops that own every public socket,
// feed requests to the protocol core and execute the effects that come back.
package loop

import (
	"crypto/tls"
	"log/slog"
	"net"
	"os"

	"halley/bayeux"
	"halley/loop/front"
	"halley/loop/hops"
	"halley/loop/journal"
	"halley/loop/settings"
)

// Config is everything that a Server needs to know before it starts: what an operator may set, and what
// the program gives it. A zero Config is not usable: start from DefaultConfig.
type Config struct {
	Settings

	Authority bayeux.Authority // decides after the rules; nil allows what they allow

	// Attendance is told who is there, by all loops at once; nil: nobody wants to know.
	Attendance bayeux.Attendance
	Attended   func() int // how many bytes are kept of who is there; nil: none

	Hops *hops.Node // what is known of messages that have come by other servers; New makes one if it is nil
	Tap  Tap        // is told what is published here; nil: nobody wants to know

	Cluster Cluster // joins this server to others; nil: it is alone

	TLS *tls.Config // of the connections of --tls-listen; nil where there are none

	Pages func(path string) (Page, bool) // static pages of the public listener; nil serves none
	Log   *slog.Logger
	Spans *Spans // takes handshakes, to be traced; nil: nobody traces

	Given map[string][]net.Listener // sockets that another program listens on, by the names that --listen fd:NAME has

	Predecessor *Predecessor // that this server takes over from; nil: from nobody

	LimitHeap func(bytes int64) // has the Go runtime stay below that, which may change; nil leaves it as it is

	disk func(*os.File) journal.Disk               // what the history file is written through; nil but in tests
	node uint16                                    // that of Cluster
	roam func(loop uint16) (to uint16, moves bool) // where connections go that rest; nil but in tests
}

// Page is one static resource of the public listener.
type Page = front.Page

// DefaultConfig holds the defaults that `halley serve --help` prints.
func DefaultConfig() Config {
	c := Config{Log: slog.Default()}
	settings.Default(&c.Settings)
	c.Fill(c.Profile)
	return c
}
