package preflight

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// CPUs is how many CPUs the control groups of this process allow it, rounded up;
// math.MaxInt64 where none of them limits it.
func CPUs(root fs.FS) int64 {
	h := host{root}
	least := int64(unlimited)
	for _, folder := range h.groups("cpu") {
		if quota, period, ok := h.quota(folder); ok {
			least = min(least, (quota+period-1)/period)
		}
	}
	return least
}

// quota is the CPU time that a control group has in a period, if it is limited.
func (h host) quota(folder string) (quota, period int64, ok bool) {
	if text, err := fs.ReadFile(h.root, path.Join(folder, "cpu.max")); err == nil {
		first, second, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		quota, err1 := strconv.ParseInt(first, 10, 64)
		period, err2 := strconv.ParseInt(second, 10, 64)
		return quota, period, err1 == nil && err2 == nil && quota > 0 && period > 0
	}
	quota, err1 := h.number(path.Join(folder, "cpu.cfs_quota_us"))
	period, err2 := h.number(path.Join(folder, "cpu.cfs_period_us"))
	return quota, period, err1 == nil && err2 == nil && quota > 0 && period > 0
}

// groupMemory: the control groups of the process, a container's for example, may
// allow it less than the host has.
func (h host) groupMemory(l Load) Finding {
	each := kernelBytesPerEnd*l.ends() + int64(l.UserBytes)
	f := about(settingGroup).finding()
	f.Need, f.Have, f.Allows, f.Bytes = int64(l.Connections)*each, unlimited, unlimited, true
	groups := h.groups("memory")
	if groups == nil {
		return f.judge(0, errAbsent, true)
	}
	for _, folder := range groups {
		if left, file, ok := h.left(folder); ok && left < f.Have {
			f.Have, f.Allows, f.Change = left, left/each, "/"+file
		}
	}
	if f.Have == unlimited {
		f.Level, f.Text = Fine, "no limit"
		return f
	}
	return f.judge(f.Have, nil, true)
}

// left is what a control group may still take of memory, if it is limited, and the
// file that says so. What the kernel would give back at once counts as free.
func (h host) left(folder string) (left int64, file string, ok bool) {
	for _, names := range [][2]string{{"memory.max", "memory.current"}, {"memory.limit_in_bytes", "memory.usage_in_bytes"}} {
		file = path.Join(folder, names[0])
		limit, err := h.number(file)
		if err != nil || limit >= noLimit {
			continue
		}
		used, err := h.number(path.Join(folder, names[1]))
		if err != nil {
			continue
		}
		return max(limit-max(used-h.inactive(folder), 0), 0), file, true
	}
	return 0, "", false
}

// noLimit is more than any host has: the first version of control groups has no
// word for it.
const noLimit = 1 << 60

// inactive is what a control group has of files in memory that nobody reads.
func (h host) inactive(folder string) int64 {
	text, err := fs.ReadFile(h.root, path.Join(folder, "memory.stat"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "inactive_file "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			return n
		}
	}
	return 0
}

// groups are the folders of the control groups of this process, the innermost
// first, for a controller (cgroups(7)). In a container what the process is told of
// its place may not be there; then it is the root of what it sees.
func (h host) groups(controller string) (folders []string) {
	text, err := fs.ReadFile(h.root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		mount := "sys/fs/cgroup"
		switch {
		case parts[1] == "":
		case strings.Contains(","+parts[1]+",", ","+controller+","):
			mount = path.Join(mount, controller)
		default:
			continue
		}
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			folders = append(folders, path.Join(mount, at))
			if at == "/" {
				break
			}
		}
	}
	return folders
}
