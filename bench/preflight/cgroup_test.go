package preflight

import (
	"strings"
	"testing"
	"testing/fstest"
)

// contained is a roomy host with the files of control groups.
func contained(files map[string]string) fstest.MapFS {
	root := roomy()
	for path, text := range files {
		root[path] = file(text)
	}
	return root
}

func TestCPUsOfControlGroups(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"none":           {nil, unlimited},
		"no limit":       {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, unlimited},
		"half a CPU":     {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "50000 100000\n"}, 1},
		"one and a half": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2},
		"of a parent": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "300000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
		}, 3},
		"not where it is said": {map[string]string{"proc/self/cgroup": "0::/docker/1\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4},
		"first version": {map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/b\n", "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
		}, 3},
		"first version, no limit": {map[string]string{
			"proc/self/cgroup": "5:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, unlimited},
		"nonsense": {map[string]string{"proc/self/cgroup": "x\n0::/../..\n", "sys/fs/cgroup/cpu.max": "many few\n"}, unlimited},
	} {
		if got := CPUs(contained(tt.files)); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestMemoryOfControlGroups(t *testing.T) {
	second := map[string]string{
		"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "40000000\n", "sys/fs/cgroup/a/memory.current": "30000000\n",
		"sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 10000000\n",
	}
	first := map[string]string{
		"proc/self/cgroup": "7:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "20000000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "30000000\n",
	}
	none := map[string]string{
		"proc/self/cgroup": "7:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
	}
	for name, tt := range map[string]struct {
		files map[string]string
		level Level
		have  int64
		text  string
	}{
		"second version": {second, Fatal, 20_000_000, "19.1 MiB, but"},
		"first version":  {first, Fatal, 0, "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		"no limit":       {none, Fine, unlimited, "no limit"},
		"no groups":      {nil, Fine, unlimited, "no limit"},
	} {
		f := find(t, Check(contained(tt.files), sampleLoad()), "memory of the control group")
		if f.Level != tt.level || f.Have != tt.have || !strings.Contains(f.String(), tt.text) {
			t.Errorf("%s: %+v %v", name, f, f)
		}
	}
}

func TestSizesAreForPeople(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 8_000_000_000: "7.5 GiB", unlimited: "no limit", 3 << 40: "3072.0 GiB"} {
		if got := people(bytes); got != want {
			t.Errorf("%d is %s, want %s", bytes, got, want)
		}
	}
}
