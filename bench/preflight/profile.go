package preflight

import (
	"fmt"
	"io"
	"strings"
)

// setting is a line of a file for /etc/sysctl.d.
type setting struct {
	name   string // of sysctl; a minus before it forgives that a host may have no such setting
	value  string
	check  string // the words of the check that looks at it
	reason string
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
		fmt.Fprintf(&b, "\n# %s.\n", s.check)
		fmt.Fprintf(&b, "# %s", s.reason)
		fmt.Fprintf(&b, "\n%s = %s\n", s.name, s.value)
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
	list = []setting{
		{"fs.file-max", fmt.Sprint(roundUp(ends + ends/4 + leastFiles)), "open files, whole host: limit of all processes", "A quarter more than the connections, and a million for all other programs."},
		{"fs.epoll.max_user_watches", fmt.Sprint(roundUp(max(ends+ends/4, leastFiles))), "epoll watches: limit of one user", "Each connection is in one epoll set."},
		{"net.core.somaxconn", queue, "accept queue: connections that wait to be accepted", "After a restart all clients come back at once. Those that find the queue full retransmit after a second and more."},
		{"net.ipv4.tcp_max_syn_backlog", queue, "SYN queue: connections half open", "For the same moment."},
		{"net.ipv4.tcp_mem", l.pages(), "TCP memory: pages before the kernel holds back", "Above the middle value windows shrink, above the last one packets are dropped. A connection with something in flight has a page."},
		{"-net.netfilter.nf_conntrack_max", fmt.Sprint(roundUp(int64(l.Connections) + int64(l.Connections)/4 + leastConntrack)), "connection tracking: entries of the firewall's table",
			"A full table drops new connections silently. The minus forgives that there is no such setting without the module."},
	}
	if perProcess > leastFiles {
		list = append([]setting{{"fs.nr_open", fmt.Sprint(roundUp(perProcess)), "open files: hard limit of this process", "No process may have a higher limit of open files than this."}}, list...)
	}
	if l.Client {
		list = append(list, setting{"net.ipv4.ip_local_port_range", "1024 65535", "ports: ephemeral ports of all source addresses",
			"A program that listens on a port of this range should be started before the others."})
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
