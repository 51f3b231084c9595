package main

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"halley/cmd/halley/config"
	"halley/loop"
)

// host is one that carries 10,000 connections, with some settings changed.
func host(changes map[string]string) fstest.MapFS {
	settings := map[string]string{
		"proc/self/limits":                      "Max open files            1024                 20000                files\n",
		"proc/sys/fs/file-max":                  "1000000\n",
		"proc/sys/fs/epoll/max_user_watches":    "500000\n",
		"proc/sys/net/core/somaxconn":           "4096\n",
		"proc/sys/net/ipv4/tcp_max_syn_backlog": "4096\n",
		"proc/sys/net/ipv4/tcp_mem":             "100000\t200000\t300000\n",
		"proc/meminfo":                          "MemAvailable:    8000000 kB\n",
	}
	root := fstest.MapFS{}
	for path, setting := range settings {
		if changed, ok := changes[path]; ok {
			setting = changed
		}
		root[path] = text(setting)
	}
	for path, changed := range changes {
		root[path] = text(changed)
	}
	return root
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

// listener are settings of the event loops.
func listener(loops, connections int) loop.Settings {
	return loop.Settings{Listener: loop.Listener{Loops: loops, MaxConnections: connections}}
}

func TestDoctor(t *testing.T) {
	limits := "Max open files 512 1000 files\n"
	for name, row := range map[string]struct {
		command doctorCommand
		changes map[string]string
		fails   bool
		want    string
	}{
		"fine":            {doctorCommand{Serve: config.Serve{Loop: listener(2, 0)}}, nil, false, "This host can hold 19742 connections. For more, change /etc/security/limits.conf"},
		"files":           {doctorCommand{Serve: config.Serve{Loop: listener(2, 0)}}, map[string]string{"proc/self/limits": limits}, true, "too low  open files: hard limit of this process: 1000, but 10258 needed"},
		"fewer wanted":    {doctorCommand{Connections: 500}, map[string]string{"proc/self/limits": limits}, false, "ok       open files"},
		"max-connections": {doctorCommand{Serve: config.Serve{Loop: listener(0, 700)}}, nil, false, "can hold 700 connections. For more, change --max-connections"},
		"accept queue":    {doctorCommand{}, map[string]string{"proc/sys/net/core/somaxconn": "128"}, false, "warning  accept queue: connections that wait to be accepted: 128, but 1024 needed; change /proc/sys/net/core/somaxconn"},
		"and why":         {doctorCommand{}, map[string]string{"proc/sys/net/core/somaxconn": "128"}, false, "\n         After a restart all clients come back at once."},
		"memory":          {doctorCommand{}, map[string]string{"proc/meminfo": "MemAvailable: 9600 kB\n"}, true, "too low  memory"},
		"sizes":           {doctorCommand{}, nil, false, "memory: available: 7.6 GiB, 50.8 MiB needed"},
		"sizes with TLS":  {doctorCommand{Serve: config.Serve{Loop: loop.Settings{Listener: loop.Listener{TLSListen: []string{":443"}}}}}, nil, false, "memory: available: 7.6 GiB, 99.6 MiB needed"},
		"control group": {doctorCommand{}, map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "9437184\n", "sys/fs/cgroup/memory.current": "1048576\n",
		}, true, "too low  memory of the control group: left of its limit: 8.0 MiB, but 50.8 MiB needed; change /sys/fs/cgroup/memory.max"},
		"hidden": {doctorCommand{}, map[string]string{"proc/sys/fs/file-max": "?"}, false, "unknown  open files, whole host"},
	} {
		t.Run(name, func(t *testing.T) {
			var out buffer
			err := row.command.check(&out, host(row.changes))
			if errors.Is(err, errUnfit) != row.fails || !strings.Contains(out.String(), row.want) {
				t.Errorf("%v\n%s\nwant %q", err, out.String(), row.want)
			}
		})
	}
	var out buffer
	if err := (&doctorCommand{}).check(&out, fstest.MapFS{}); err != nil || !strings.Contains(out.String(), "shows no limit") {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestDoctorOfThisHost(t *testing.T) {
	code, out, stderr := halley(t, "", "doctor", "--connections=1", "--loops=1")
	if code != 0 || !strings.Contains(out, "This host can hold ") {
		t.Errorf("exit %d, %s %s", code, out, stderr)
	}
	code, out, stderr = halley(t, "", "doctor", "--connections=2000000000")
	if code != 1 || !strings.Contains(out, "too low") || !strings.Contains(stderr, "cannot hold so many connections as 2000000000") {
		t.Errorf("exit %d, %s %s", code, out, stderr)
	}
	for _, args := range [][]string{{"doctor", "--connections=-1"}, {"doctor", "--profile-host=large", "--connections=-1"}} {
		if code, _, _ := halley(t, "", args...); code != 2 {
			t.Errorf("%q: exit %d", args, code)
		}
	}
}

// The settings that a host should have are printed in place of a look at this one.
func TestProfileOfAHost(t *testing.T) {
	for want, args := range map[string][]string{
		"for 1000000 connections": {"doctor", "--profile-host=large"},
		"for 300000 connections":  {"doctor", "--profile-host=large", "--connections=300000"},
		"for 5000 connections":    {"doctor", "--profile-host=small", "--max-connections=5000"},
		"somaxconn = 65535\n":     {"doctor", "--profile-host=large"},
		"LimitNOFILE=200258 ":     {"doctor", "--profile-host=medium", "--loops=2"},
	} {
		if code, out, stderr := halley(t, "", args...); code != 0 || !strings.Contains(out, want) {
			t.Errorf("%q: exit %d, no %q in %s %s", args, code, want, out, stderr)
		}
	}
}

// What is printed of flags is about flags that there are.
func TestAdviceOfTheDoctor(t *testing.T) {
	code, out, stderr := halley(t, "", "doctor", "--flags")
	if code != 0 || strings.Count(out, "\n") != len(config.Advised()) {
		t.Fatalf("exit %d, %s %s", code, out, stderr)
	}
	flags := flagNames(t)
	for line := range strings.Lines(out) {
		if name, when, _ := strings.Cut(strings.TrimPrefix(line, "--"), " "); !flags[name] || strings.TrimSpace(when) == "" {
			t.Error(line)
		}
	}
}
