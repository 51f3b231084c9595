package preflight

import (
	"strings"
	"testing"
	"testing/fstest"
)

// kernel is a host with the settings of a file for sysctl.
func kernel(t *testing.T, conf string) fstest.MapFS {
	t.Helper()
	host, comment := fstest.MapFS{}, ""
	for line := range strings.Lines(conf) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(strings.TrimPrefix(line, "-"), " = ")
		switch {
		case strings.HasPrefix(line, "#"):
			comment = line
		case found:
			if comment == "" {
				t.Errorf("%s has no reason", name)
			}
			host["proc/sys/"+strings.ReplaceAll(name, ".", "/")], comment = file(value+"\n"), ""
		case line != "":
			t.Errorf("what is %q?", line)
		}
	}
	host["proc/sys/fs/file-nr"] = file("3000 0 0\n")
	host["proc/sys/net/netfilter/nf_conntrack_count"] = file("900\n")
	return host
}

// A host with the settings that are written for a load carries it, by what the checks look at, and a smaller one, too.
func TestProfile(t *testing.T) {
	t.Parallel()
	for _, load := range []Load{
		{Connections: 1, Server: true},
		{Connections: 20_000, Server: true, Burst: 1024},
		{Connections: 300_000, Server: true, Burst: 10_000},
		{Connections: 1_000_000, Server: true, Burst: 100_000},
		{Connections: 3_000_000, Server: true, Burst: 100_000, Processes: 2},
		{Connections: 50_000, Server: true, Client: true, Burst: 1024},
	} {
		var out strings.Builder
		if err := WriteProfile(&out, load); err != nil {
			t.Fatal(err)
		}
		host, seen := kernel(t, out.String()), 0
		for _, f := range Check(host, load) {
			if path, kernels := strings.CutPrefix(f.Change, "/proc/sys/"); kernels {
				path, _, _ = strings.Cut(path, ",")
				seen++
				short := f.Need > mostQueue && strings.HasSuffix(f.Check, "queue") // longer ones there are not
				if host["proc/sys/"+path] == nil || f.Level != Fine && !short {
					t.Errorf("%d connections: %v %v", load.Connections, f.Level, f)
				}
				if !strings.Contains(out.String(), "# "+f.Check+": "+f.Text) {
					t.Errorf("%s is not explained in\n%s", f.Check, out.String())
				}
			}
		}
		if seen < 6 {
			t.Errorf("%d settings are checked", seen)
		}
		many := load.Connections/max(load.Processes, 1) >= leastFiles
		if strings.Contains(out.String(), "fs.nr_open") != many {
			t.Errorf("%d connections:\n%s", load.Connections, out.String())
		}
	}
}
