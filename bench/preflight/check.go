// Package preflight says before a run whether this host can carry it: open files,
// ports, accept queue, socket memory, connection tracking. Every finding names the
// file to change. It looks at the host through an fs.FS rooted at /, and does nothing
// but read; the load generator and halley doctor share it.
package preflight

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
)

// Load is what a host is asked to carry.
type Load struct {
	Connections int  // client connections in all
	Processes   int  // that they are split among, on the side that is checked; default 1
	Spare       int  // descriptors of each process that are not client connections; default 64
	Server      bool // the server's end is on this host
	Client      bool // the clients' end is on this host
	Sources     int  // source addresses of the clients; default 1
	Burst       int  // connections that may arrive before the server comes to accept them
	UserBytes   int  // memory that a process needs per connection, besides the kernel's
}

// Level says how serious a finding is.
type Level uint8

// The levels. Fatal means that the load cannot be carried, Unknown that the host does
// not show the setting.
const (
	Fine Level = iota
	Unknown
	Warning
	Fatal
)

// String is the level in a word or two.
func (l Level) String() string {
	return [...]string{"ok", "unknown", "warning", "too low"}[l]
}

// Finding is the answer of one check.
type Finding struct {
	Check  string
	Level  Level
	Have   int64
	Need   int64
	Allows int64  // client connections that this setting allows; math.MaxInt64 when it does not limit them
	Change string // the file to change, or the setting in it
	Text   string // what it is about, in a few words
	Why    string // why it matters
	Bytes  bool   // Have and Need are sizes
}

// String is the finding in one line, with the file to change if there is need.
func (f Finding) String() string {
	text := fmt.Sprintf("%s: %s", f.Check, f.Text)
	switch f.Level {
	case Unknown:
		return text + ": this host does not show it"
	case Fine:
		return fmt.Sprintf("%s: %s, %s needed", text, f.number(f.Have), f.number(f.Need))
	}
	return fmt.Sprintf("%s: %s, but %s needed; change %s", text, f.number(f.Have), f.number(f.Need), f.Change)
}

// number writes what the finding counts for people.
func (f Finding) number(n int64) string {
	switch {
	case n == unlimited:
		return "no limit"
	case f.Bytes:
		return people(n)
	}
	return strconv.FormatInt(n, 10)
}

// people writes a size for people.
func people(bytes int64) string {
	if bytes == unlimited {
		return "no limit"
	}
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	size, unit := float64(bytes), ""
	for _, unit = range []string{"KiB", "MiB", "GiB"} {
		if size /= 1024; size < 1024 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

const unlimited = math.MaxInt64

// What a connection costs, measured on Linux 6.1 and 6.18: kernel memory of one end,
// and pages of socket buffers when every connection has a little in flight.
const (
	kernelBytesPerEnd = 4300
	pagesPerEnd       = 1
)

// Check looks at everything that may limit the load, in the order in which it would be met.
func Check(root fs.FS, load Load) []Finding {
	load.setDefaults()
	h := host{root}
	findings := []Finding{h.files(load), h.allFiles(load), h.watches(load)}
	if load.Client {
		findings = append(findings, h.ports(load))
	}
	if load.Server {
		findings = append(findings, h.acceptQueue(load), h.synQueue(load))
	}
	return append(findings, h.socketMemory(load), h.tracking(load), h.memory(load), h.groupMemory(load))
}

func (l *Load) setDefaults() {
	l.Processes = max(l.Processes, 1)
	l.Sources = max(l.Sources, 1)
	if l.Spare == 0 {
		l.Spare = 64
	}
	if !l.Server && !l.Client {
		l.Server = true
	}
}

// ends is how many of a connection's two ends are on this host.
func (l Load) ends() int64 {
	if l.Server && l.Client {
		return 2
	}
	return 1
}

// Worst is the level of the most serious finding.
func Worst(findings []Finding) (worst Level) {
	for _, f := range findings {
		worst = max(worst, f.Level)
	}
	return worst
}

// Capacity is how many client connections the findings allow, and the one that allows the fewest.
func Capacity(findings []Finding) (connections int64, by Finding) {
	connections = unlimited
	for _, f := range findings {
		if f.Level != Unknown && f.Allows < connections {
			connections, by = f.Allows, f
		}
	}
	return connections, by
}

// judge sets the level: Fatal below the need if hard, else Warning.
func (f Finding) judge(have int64, err error, hard bool) Finding {
	f.Have = have
	switch {
	case err != nil:
		f.Level, f.Allows = Unknown, unlimited
	case have >= f.Need:
		f.Level = Fine
	case hard:
		f.Level = Fatal
	default:
		f.Level = Warning
	}
	return f
}
