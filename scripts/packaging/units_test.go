// Package packaging holds what a server is installed with, and its tests.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/alecthomas/kong"

	"halley/bench/preflight"
	"halley/cmd/halley/config"
)

func text(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// settings are the lines NAME=VALUE of a unit file, in order.
type settings map[string][]string

func unit(t *testing.T, path string) settings {
	t.Helper()
	values := make(settings)
	for line := range strings.Lines(text(t, path)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			values[name] = append(values[name], value)
		}
	}
	return values
}

// one is the value of a line that there is once.
func (s settings) one(t *testing.T, name string) string {
	t.Helper()
	if len(s[name]) != 1 {
		t.Fatalf("%s= stands there %d times", name, len(s[name]))
	}
	return s[name][0]
}

// serve reads a command line of halley as the program does; its configuration file lies at path.
func serve(t *testing.T, path string, args ...string) *config.Serve {
	t.Helper()
	var commands struct {
		Serve config.Serve `cmd:""`
	}
	k, err := kong.New(&commands, config.Options(new(config.Source)))
	if err != nil {
		t.Fatal(err)
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if i > 0 && args[i-1] == "--config" && strings.HasPrefix(arg, "/") {
			args[i] = path
		}
	}
	if _, err := k.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &commands.Serve
}

// example writes the configuration file that the package has.
func example(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "halley.json")
	if err := os.WriteFile(path, []byte("{\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The service starts what there is, reloads, and has the time that its drain takes.
func TestService(t *testing.T) {
	s := unit(t, "halley.service")
	words := strings.Fields(s.one(t, "ExecStart"))
	c := serve(t, example(t), words[1:]...)
	stop, err := time.ParseDuration(s.one(t, "TimeoutStopSec"))
	if drain := c.Drain.Delay + c.Loop.DrainTimeout; err != nil || stop < drain+5*time.Second {
		t.Errorf("TimeoutStopSec=%v, the drain takes %v", stop, drain)
	}
	if slack, _ := time.ParseDuration(s.one(t, "TimerSlackNSec")); slack != c.TimerSlack {
		t.Errorf("TimerSlackNSec=%v, --timer-slack is %v", slack, c.TimerSlack)
	}
	if c.Loop.Control != "/run/"+s.one(t, "RuntimeDirectory")+"/control" {
		t.Errorf("--control %s is in no folder of the service's", c.Loop.Control)
	}
	for name, want := range map[string]string{
		"Type": "notify", "NotifyAccess": "all", "ExecReload": `/bin/sh -c "kill -HUP ${MAINPID}"`, "User": "halley", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
		"CapabilityBoundingSet": "CAP_NET_BIND_SERVICE", "RestartPreventExitStatus": "2", "StateDirectory": "halley",
	} {
		if got := s.one(t, name); got != want {
			t.Errorf("%s=%s, want %s", name, got, want)
		}
	}
	if name := unit(t, "halley.socket").one(t, "FileDescriptorName"); !strings.Contains(text(t, "halley.socket"), `"listen": ["fd:`+name+`"]`) {
		t.Errorf("the socket unit does not tell how halley takes the socket %s", name)
	}
}

// systemd knows each line of the units, and finds the service well shut in.
func TestUnitsBySystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze: the units were not verified")
	}
	folder := t.TempDir()
	for _, name := range []string{"halley.service", "halley.socket"} {
		own := strings.ReplaceAll(text(t, name), "/usr/bin/halley", "/bin/true") // any program that there is
		if err := os.WriteFile(filepath.Join(folder, name), []byte(own), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service, socket := filepath.Join(folder, "halley.service"), filepath.Join(folder, "halley.socket")
	for _, args := range [][]string{{"verify", "--man=no", service, socket}, {"security", "--offline=yes", "--threshold=20", service}} {
		out, err := exec.Command(analyze, args...).CombinedOutput()
		if strings.Contains(string(out), "unrecognized option") {
			t.Skipf("this systemd-analyze is too old: %s", out)
		}
		if err != nil || args[0] == "verify" && strings.Contains(string(out), folder) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// The kernel settings are enough for 100,000 connections, by what the doctor looks at, and say what each is for in its words.
func TestKernelSettings(t *testing.T) {
	host, comment, conf := fstest.MapFS{}, "", text(t, "60-halley.conf")
	for line := range strings.Lines(conf) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(strings.TrimLeft(line, "#-"), " = ")
		switch {
		case line == "":
			comment = ""
		case found && regexp.MustCompile(`^[a-z0-9_.-]+$`).MatchString(name):
			if comment == "" {
				t.Errorf("%s has no reason", name)
			}
			host["proc/sys/"+strings.ReplaceAll(name, ".", "/")] = &fstest.MapFile{Data: []byte(value + "\n")}
		default:
			comment += line
		}
	}
	const all = 100_000
	host["proc/sys/fs/file-nr"] = &fstest.MapFile{Data: []byte("0 0 0\n")}
	plain := strings.Join(strings.Fields(strings.ReplaceAll(conf, "#", "")), " ")
	seen := 0
	for _, f := range preflight.Check(host, preflight.Load{Connections: all, Server: true, Burst: 10_000, Sources: 2}) {
		path, of := strings.CutPrefix(f.Change, "/proc/sys/")
		if !of {
			continue
		}
		path, _, _ = strings.Cut(path, ",")
		seen++
		if host["proc/sys/"+path] == nil || f.Level != preflight.Fine {
			t.Errorf("%s: %v %v", path, f.Level, f)
		}
		if words := f.Check + ": " + f.Text; !strings.Contains(plain, words) {
			t.Errorf("%s is not explained as %q", path, words)
		}
	}
	if seen < 5 {
		t.Errorf("only %d settings are checked", seen)
	}
	if files := unit(t, "halley.service").one(t, "LimitNOFILE"); !strings.Contains(text(t, "limits.conf"), "nofile  "+files+"\n") {
		t.Errorf("limits.conf has other limits than the unit: %s", files)
	}
}
