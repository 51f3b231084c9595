package preflight

import (
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// roomy is a host that carries 10,000 connections without a word.
func roomy() fstest.MapFS {
	return fstest.MapFS{
		"proc/self/limits":                          file("Limit                     Soft Limit           Hard Limit           Units     \nMax processes             100                  200                  processes \nMax open files            1024                 20000                files     \n"),
		"proc/sys/fs/file-max":                      file("1000000\n"),
		"proc/sys/fs/file-nr":                       file("2000\t0\t1000000\n"),
		"proc/sys/fs/epoll/max_user_watches":        file("500000\n"),
		"proc/sys/net/ipv4/ip_local_port_range":     file("32768\t60999\n"),
		"proc/sys/net/core/somaxconn":               file("4096\n"),
		"proc/sys/net/ipv4/tcp_max_syn_backlog":     file("4096\n"),
		"proc/sys/net/ipv4/tcp_mem":                 file("100000\t200000\t300000\n"),
		"proc/sys/net/netfilter/nf_conntrack_max":   file("65536\n"),
		"proc/sys/net/netfilter/nf_conntrack_count": file("100\n"),
		"proc/self/cgroup":                          file("0::/\n"),
		"proc/meminfo":                              file("MemTotal: 9 kB\nMemAvailable:    8000000 kB\n"),
	}
}

func sampleLoad() Load {
	return Load{Connections: 10_000, Server: true, Client: true, Burst: 1000, UserBytes: 1000}
}

func find(t *testing.T, findings []Finding, check string) Finding {
	t.Helper()
	for _, f := range findings {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("no finding %q in %v", check, findings)
	return Finding{}
}

func TestARoomyHostIsFine(t *testing.T) {
	findings := Check(roomy(), sampleLoad())
	if Worst(findings) != Fine {
		t.Errorf("%v", findings)
	}
	connections, by := Capacity(findings)
	if connections != 20_000-64 || by.Check != "open files" {
		t.Errorf("room for %d because of %q", connections, by.Check)
	}
}

func TestEveryLimitIsFoundAndNamesItsFile(t *testing.T) {
	for _, c := range []struct {
		check, path, text string
		level             Level
		change            string
		allows            int64
	}{
		{"open files", "proc/self/limits", "Max open files 512 9000 files\n", Fatal, "limits.conf", 9000 - 64},
		{"open files, whole host", "proc/sys/fs/file-max", "12000", Fatal, "/proc/sys/fs/file-max", 5000},
		{"epoll watches", "proc/sys/fs/epoll/max_user_watches", "8000", Fatal, "/proc/sys/fs/epoll/max_user_watches", 4000},
		{"ports", "proc/sys/net/ipv4/ip_local_port_range", "40000 40999", Fatal, "ip_local_port_range", 1000},
		{"accept queue", "proc/sys/net/core/somaxconn", "128", Warning, "/proc/sys/net/core/somaxconn", math.MaxInt64},
		{"SYN queue", "proc/sys/net/ipv4/tcp_max_syn_backlog", "128", Warning, "tcp_max_syn_backlog", math.MaxInt64},
		{"TCP memory", "proc/sys/net/ipv4/tcp_mem", "1 4000 9000", Warning, "/proc/sys/net/ipv4/tcp_mem", 2000},
		{"connection tracking", "proc/sys/net/netfilter/nf_conntrack_max", "5100", Fatal, "nf_conntrack_max", 5000},
		{"memory", "proc/meminfo", "MemAvailable: 9600 kB", Fatal, "memory", 1024},
	} {
		host := roomy()
		host[c.path] = file(c.text)
		findings := Check(host, sampleLoad())
		f := find(t, findings, c.check)
		if f.Level != c.level || f.Allows != c.allows || !strings.Contains(f.String(), c.change) {
			t.Errorf("%s: %v, allows %d, want %v, %d, %q", c.check, f, f.Allows, c.level, c.allows, c.change)
		}
		if Worst(findings) != c.level {
			t.Errorf("%s: the worst level is %v", c.check, Worst(findings))
		}
	}
}

func TestWhatTheHostHidesIsUnknown(t *testing.T) {
	findings := Check(fstest.MapFS{}, sampleLoad())
	for _, f := range findings {
		want := Unknown
		if f.Check == "connection tracking" {
			want = Fine // the module is not loaded
		}
		if f.Level != want || f.Allows != math.MaxInt64 {
			t.Errorf("%v on an empty host: %v, allows %d", f.Check, f.Level, f.Allows)
		}
	}
	if connections, _ := Capacity(findings); connections != math.MaxInt64 {
		t.Errorf("an empty host allows %d", connections)
	}
}

func TestMalformedSettingsAreUnknown(t *testing.T) {
	for path, text := range map[string]string{
		"proc/self/limits":                      "Max open files 1 many files\n",
		"proc/sys/fs/file-max":                  "lots",
		"proc/sys/net/ipv4/ip_local_port_range": "5",
		"proc/meminfo":                          "MemAvailable: x kB\n",
	} {
		host := roomy()
		host[path] = file(text)
		if got := Worst(Check(host, sampleLoad())); got != Unknown {
			t.Errorf("%s = %q: %v", path, text, got)
		}
	}
}

func TestUnlimitedFiles(t *testing.T) {
	host := roomy()
	host["proc/self/limits"] = file("Max open files            unlimited            unlimited            files\n")
	f := find(t, Check(host, Load{Connections: 10_000, Processes: 3}), "open files")
	if f.Level != Fine || f.Allows < 1e18 {
		t.Errorf("%v allows %d", f, f.Allows)
	}
}

func TestProcessesAndSourcesAddUp(t *testing.T) {
	load := sampleLoad()
	load.Connections, load.Processes, load.Sources = 38_000, 2, 10
	findings := Check(roomy(), load)
	if f := find(t, findings, "open files"); f.Level != Fine || f.Allows != 2*(20_000-64) {
		t.Errorf("%v allows %d", f, f.Allows)
	}
	if f := find(t, findings, "ports"); f.Level != Fine || f.Have != 282_320 {
		t.Errorf("%v", f)
	}
}

func TestOneSideNeedsHalf(t *testing.T) {
	both := find(t, Check(roomy(), sampleLoad()), "memory")
	load := sampleLoad()
	load.Client = false
	findings := Check(roomy(), load)
	one := find(t, findings, "memory")
	if one.Need >= both.Need {
		t.Errorf("one end needs %d, both need %d", one.Need, both.Need)
	}
	for _, f := range findings {
		if f.Check == "ports" {
			t.Error("a server was asked for its ports")
		}
	}
}

func TestThisHost(t *testing.T) {
	f := find(t, Check(os.DirFS("/"), Load{Connections: 1}), "open files")
	if f.Level != Fine || f.Have <= 0 {
		t.Errorf("%v", f)
	}
}
