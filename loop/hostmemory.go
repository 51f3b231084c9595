package loop

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// HostMemory is how many bytes this process may have: the least of what the host has,
// below root as the kernel shows it, and of what the process's memory cgroup and those
// around it allow. It is 0 if nothing tells.
func HostMemory(root fs.FS) (bytes int64) {
	least := func(n int64) {
		if n > 0 && (bytes == 0 || n < bytes) {
			bytes = n
		}
	}
	for line := range fileLines(root, "proc/meminfo") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			least(kib << 10)
		}
	}
	for line := range fileLines(root, "proc/self/cgroup") {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		base, files := "sys/fs/cgroup", []string{"memory.max", "memory.high"}
		switch {
		case fields[1] == "":
		case strings.Contains(","+fields[1]+",", ",memory,"):
			base, files = "sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}
		default:
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			for _, file := range files {
				for text := range fileLines(root, path.Join(base, group, file)) {
					n, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64) // "max" is none
					least(n)
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return bytes
}

// fileLines are the lines of a file, none if it cannot be read.
func fileLines(root fs.FS, name string) func(func(string) bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return func(func(string) bool) {}
	}
	return strings.Lines(string(text))
}
