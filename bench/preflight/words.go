// Proved by TestWords.

package preflight

// words are what is told of a setting: by the checks, in the file for sysctl, and in TUNING.md. They stand here alone.
type words struct {
	setting string // by its name of sysctl, or of whatever has it
	check   string
	text    string
	why     string
}

// The settings that several places name.
const (
	settingFiles    = "nofile"
	settingMost     = "fs.nr_open"
	settingAllFiles = "fs.file-max"
	settingWatches  = "fs.epoll.max_user_watches"
	settingPorts    = "net.ipv4.ip_local_port_range"
	settingAccept   = "net.core.somaxconn"
	settingSYN      = "net.ipv4.tcp_max_syn_backlog"
	settingTCP      = "net.ipv4.tcp_mem"
	settingTracking = "net.netfilter.nf_conntrack_max"
	settingMemory   = "memory"
	settingGroup    = "memory.max"
)

func vocabulary() []words {
	return []words{
		{settingFiles, "open files", "hard limit of this process", "Each connection is an open file. Beyond the limit clients are answered 503."},
		{settingMost, "open files", "hard limit of this process", "No process may have a higher limit of open files than this."},
		{settingAllFiles, "open files, whole host", "limit of all processes", "Connections count among them. Beyond it no program can open anything."},
		{settingWatches, "epoll watches", "limit of one user", "Each connection is in one epoll set."},
		{settingPorts, "ports", "ephemeral ports of all source addresses", "A source address has no more connections than this towards one port of the server. A program that listens on a port of the range should be started before the others."},
		{settingAccept, "accept queue", "connections that wait to be accepted",
			"After a restart all clients come back at once. Those that find the queue full retransmit after a second and more."},
		{settingSYN, "SYN queue", "connections half open", "For the same moment."},
		{settingTCP, "TCP memory", "pages before the kernel holds back",
			"Above the middle value windows shrink, above the last one packets are dropped. A connection with something in flight has a page."},
		{settingTracking, "connection tracking", "entries of the firewall's table", "A full table drops new connections silently."},
		{settingMemory, "memory", "available", "A held poll takes memory of the server, and more of the kernel."},
		{settingGroup, "memory of the control group", "left of its limit", "The kernel's memory of the connections counts for the control group, too. At the limit the process is killed."},
	}
}

// about has the words of a setting; it must be one of them.
func about(setting string) words {
	for _, w := range vocabulary() {
		if w.setting == setting {
			return w
		}
	}
	panic("preflight: no words for " + setting)
}

// finding begins the finding of a check.
func (w words) finding() Finding { return Finding{Check: w.check, Text: w.text, Why: w.why} }

// Words are what halley doctor says of a setting: what is checked, and why it matters.
func Words(setting string) (text string, ok bool) {
	for _, w := range vocabulary() {
		if w.setting == setting {
			return w.check + ": " + w.text + ". " + w.why, true
		}
	}
	return "", false
}

// Settings are the names of all settings that there are words for.
func Settings() (names []string) {
	for _, w := range vocabulary() {
		names = append(names, w.setting)
	}
	return names
}
