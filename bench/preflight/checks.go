// Proved by TestWhatTheHostHidesIsUnknown and TestProcessesAndSourcesAddUp.

package preflight

// files: every connection is a descriptor of the process that holds it.
func (h host) files(l Load) Finding {
	limit, err := h.hardFiles()
	perProcess := int64((l.Connections + l.Processes - 1) / l.Processes)
	f := about(settingFiles).finding()
	f.Need, f.Allows = perProcess+int64(l.Spare), scale(max(limit-int64(l.Spare), 0), int64(l.Processes))
	f.Change = "/etc/security/limits.conf (nofile), or LimitNOFILE= in the unit file"
	return f.judge(limit, err, true)
}

// allFiles: the kernel's limit for all processes together.
func (h host) allFiles(l Load) Finding {
	const path = "proc/sys/fs/file-max"
	limit, err := h.number(path)
	used, _ := h.number("proc/sys/fs/file-nr") // what is not shown counts as not used
	f := about(settingAllFiles).finding()
	f.Need, f.Allows, f.Change = int64(l.Connections)*l.ends()+used, max(limit-used, 0)/l.ends(), "/"+path
	return f.judge(limit, err, true)
}

// watches: sockets in epoll sets are counted per user.
func (h host) watches(l Load) Finding {
	const path = "proc/sys/fs/epoll/max_user_watches"
	limit, err := h.number(path)
	f := about(settingWatches).finding()
	f.Need, f.Allows, f.Change = int64(l.Connections)*l.ends(), limit/l.ends(), "/"+path
	return f.judge(limit, err, true)
}

// ports: towards one server address, a source address has as many connections as ephemeral ports.
func (h host) ports(l Load) Finding {
	const path = "proc/sys/net/ipv4/ip_local_port_range"
	ends, err := h.numbers(path, 2)
	have := int64(0)
	if err == nil {
		have = max(ends[1]-ends[0]+1, 0) * int64(l.Sources)
	}
	f := about(settingPorts).finding()
	f.Need, f.Allows, f.Change = int64(l.Connections), have, "/"+path+", or spread over more source addresses"
	return f.judge(have, err, true)
}

// acceptQueue: what arrives faster than it is accepted waits here; beyond it, clients
// retransmit after a second and more.
func (h host) acceptQueue(l Load) Finding {
	return h.queue(settingAccept, "proc/sys/net/core/somaxconn", l)
}

func (h host) synQueue(l Load) Finding {
	return h.queue(settingSYN, "proc/sys/net/ipv4/tcp_max_syn_backlog", l)
}

func (h host) queue(setting, path string, l Load) Finding {
	limit, err := h.number(path)
	f := about(setting).finding()
	f.Need, f.Allows, f.Change = int64(min(l.Burst, l.Connections)), unlimited, "/"+path
	return f.judge(limit, err, false)
}

// socketMemory: above the middle value of tcp_mem the kernel shrinks windows, above the last it drops.
func (h host) socketMemory(l Load) Finding {
	const path = "proc/sys/net/ipv4/tcp_mem"
	limits, err := h.numbers(path, 3)
	pressure := int64(0)
	if err == nil {
		pressure = limits[1]
	}
	f := about(settingTCP).finding()
	f.Need, f.Allows, f.Change = int64(l.Connections)*l.ends()*pagesPerEnd, pressure/(l.ends()*pagesPerEnd), "/"+path
	return f.judge(pressure, err, false)
}

// tracking: a firewall that keeps state has a table of limited size. On loopback one
// entry serves both ends. Without the module there is no limit and no file.
func (h host) tracking(l Load) Finding {
	const path = "proc/sys/net/netfilter/nf_conntrack_max"
	limit, err := h.number(path)
	used, _ := h.number("proc/sys/net/netfilter/nf_conntrack_count")
	f := about(settingTracking).finding()
	f.Need, f.Allows, f.Change = int64(l.Connections)+used, max(limit-used, 0), "/"+path
	if err != nil {
		f.Level, f.Allows, f.Have = Fine, unlimited, unlimited
		f.Text = "not loaded, no limit"
		return f
	}
	return f.judge(limit, err, true)
}

// memory: the kernel's share for each end, and the process's.
func (h host) memory(l Load) Finding {
	available, err := h.available()
	each := kernelBytesPerEnd*l.ends() + int64(l.UserBytes)
	f := about(settingMemory).finding()
	f.Need, f.Bytes, f.Allows = int64(l.Connections)*each, true, available/each
	f.Change = "/proc/meminfo only by adding memory or ending other programs"
	return f.judge(available, err, true)
}

// scale is a*b without overflow for an unlimited a.
func scale(a, b int64) int64 {
	if a > unlimited/b {
		return unlimited
	}
	return a * b
}
