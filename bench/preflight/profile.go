package preflight

import (
	"fmt"
	"io"
	"strings"
)

// setting is a line of a file for /etc/sysctl.d.
type setting struct {
	name   string // of sysctl
	value  string
	absent bool // a host may have no such setting
}

// WriteProfile writes the kernel's settings that a host needs for a load, as a file for /etc/sysctl.d. Each has the words of the
// check that looks at it, with which a host of these settings finds no fault.
func WriteProfile(out io.Writer, load Load) error {
	load.setDefaults()
	var b strings.Builder
	fmt.Fprintf(&b, "# Kernel settings of a host for %d connections, for /etc/sysctl.d. Each is one that `halley doctor` looks at, by the same\n"+
		"# name. Open files are a limit of the process: LimitNOFILE=%d in the unit file, or nofile in /etc/security/limits.d.\n",
		load.Connections, load.Connections/load.Processes+load.Spare)
	for _, s := range load.settings() {
		w, minus := about(s.name), ""
		fmt.Fprintf(&b, "\n# %s: %s.\n# %s", w.check, w.text, w.why)
		if s.absent {
			minus = "-"
			b.WriteString(" The minus forgives that there is no such setting without the module.")
		}
		fmt.Fprintf(&b, "\n%s%s = %s\n", minus, s.name, s.value)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// The least and most of a queue of connections: what Linux has by itself, and what its counter holds.
const (
	leastQueue = 4096
	mostQueue  = 65535
)

// leastFiles is how many files Linux lets a process have by itself, at most (fs.nr_open).
const leastFiles = 1 << 20

// settings are what the load needs, in the order of the checks.
func (l Load) settings() (list []setting) {
	ends := int64(l.Connections) * l.ends()
	perProcess := int64(l.Connections/l.Processes + l.Spare)
	queue := fmt.Sprint(min(max(roundUp(int64(min(l.Burst, l.Connections))), leastQueue), mostQueue))
	if perProcess > leastFiles {
		list = append(list, setting{name: settingMost, value: fmt.Sprint(roundUp(perProcess))})
	}
	list = append(list,
		setting{name: settingAllFiles, value: fmt.Sprint(roundUp(ends + ends/4 + leastFiles))},
		setting{name: settingWatches, value: fmt.Sprint(roundUp(max(ends+ends/4, leastFiles)))},
		setting{name: settingAccept, value: queue},
		setting{name: settingSYN, value: queue},
		setting{name: settingTCP, value: l.pages()},
		setting{name: settingTracking, value: fmt.Sprint(roundUp(int64(l.Connections) + int64(l.Connections)/4 + leastConntrack)), absent: true})
	if l.Client {
		list = append(list, setting{name: settingPorts, value: "1024 65535"})
	}
	return list
}

// leastConntrack is for all connections that are not the load's.
const leastConntrack = 1 << 16

// pages are the three values of tcp_mem for the load, with room for as much again in flight.
func (l Load) pages() string {
	middle := roundUp(max(2*int64(l.Connections)*l.ends()*pagesPerEnd, 1<<16))
	return fmt.Sprintf("%d %d %d", middle/4*3, middle, middle/2*3)
}

// roundUp is the next power of two.
func roundUp(n int64) int64 {
	power := int64(1)
	for power < n {
		power *= 2
	}
	return power
}
