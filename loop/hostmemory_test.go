package loop

import (
	"testing"
	"testing/fstest"
)

func TestHostMemory(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	host := file("MemTotal:       1000 kB\nMemFree:        10 kB\n")
	for name, tt := range map[string]struct {
		root fstest.MapFS
		want int64
	}{
		"nothing": {fstest.MapFS{}, 0},
		"host":    {fstest.MapFS{"proc/meminfo": host}, 1000 << 10},
		"cgroup of its own": {fstest.MapFS{"proc/meminfo": host, "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("500000\n"), "sys/fs/cgroup/memory.high": file("max\n")}, 500000},
		"no limit": {fstest.MapFS{"proc/meminfo": host, "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("max\n")}, 1000 << 10},
		"high is less": {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"),
			"sys/fs/cgroup/a/b/memory.max": file("500000\n"), "sys/fs/cgroup/a/b/memory.high": file("400000\n")}, 400000},
		"one around it": {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"),
			"sys/fs/cgroup/a/b/memory.max": file("500000\n"), "sys/fs/cgroup/a/memory.max": file("300000\n")}, 300000},
		"version 1": {fstest.MapFS{"proc/meminfo": host, "proc/self/cgroup": file("5:cpu,cpuacct:/x\n4:memory:/x\n"),
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes":  file("200000\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes":    file("9223372036854771712\n"),
			"sys/fs/cgroup/cpu,cpuacct/x/memory.limit_in_b": file("1\n")}, 200000},
	} {
		if got := HostMemory(tt.root); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}
