//go:build e2e

package packaging

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// release of Debian in which the package is tried.
const suite = "bookworm"

// debian unpacks a minimal system. It is made once, by debootstrap, and kept in the user's cache.
func debian(t *testing.T) (root string) {
	t.Helper()
	asRoot(t, "the Debian package")
	debootstrap, err := exec.LookPath("debootstrap")
	if err != nil {
		t.Skip("there is no debootstrap: the Debian package was not tried")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	kept := filepath.Join(cache, "halley-debian", suite+".tar")
	if _, err := os.Stat(kept); err != nil {
		fresh := filepath.Join(t.TempDir(), "fresh")
		if out, err := exec.Command(debootstrap, "--variant=minbase", suite, fresh, "http://deb.debian.org/debian").CombinedOutput(); err != nil {
			t.Skipf("debootstrap cannot make a system here, the Debian package was not tried: %v\n%s", err, out)
		}
		if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, "tar", "-C", fresh, "--exclude=./var/cache/apt/archives/*.deb", "-cf", kept+".new", ".")
		if err := os.Rename(kept+".new", kept); err != nil {
			t.Fatal(err)
		}
	}
	root = t.TempDir()
	run(t, "tar", "-C", root, "-xpf", kept)
	run(t, "chmod", "755", root)
	return root
}

// inRoot is a command in the system, of root or the user that --userspec names before it, which sees its own processes in /proc where this may be mounted.
func inRoot(root string, words ...string) *exec.Cmd {
	const script = `mount -t proc proc "$0/proc" 2>/dev/null; root=$0 user=--userspec=root
case $1 in --userspec=*) user=$1; shift ;; esac
exec chroot "$user" "$root" "$@"`
	c := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, root}, words...)...)
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"}
	return c
}

func must(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
	return string(out)
}

// inDebian installs the package, starts and reloads the server by the words of its unit, has it hand over, installs it again over a changed
// configuration, and removes all of it.
func inDebian(t *testing.T, deb string) {
	root := debian(t)
	before := filesOf(t, root)
	run(t, "cp", deb, filepath.Join(root, "halley.deb"))
	install := func() { must(t, inRoot(root, "dpkg", "--force-confdef", "--install", "/halley.deb")) }
	install()
	s := unit(t, filepath.Join(root, "lib/systemd/system/halley.service"))
	words := strings.Fields(s.one(t, "ExecStart"))
	must(t, inRoot(root, append(words, "--check-config")...))
	conf := filepath.Join(root, words[len(words)-1])
	changed := `{"listen": ["127.0.0.1:0"], "internal": "127.0.0.1:0", "log-format": "json", "drain-timeout": "1s", "history-file": "/var/lib/halley/history", "rule": ["/a history=5"]}`
	put(t, conf, changed)
	install()
	if text(t, conf) != changed {
		t.Error("a second installation changes what the operator has written")
	}
	served(t, root, s, conf, changed)
	written := text(t, conf)
	must(t, inRoot(root, "dpkg", "--remove", "halley"))
	if text(t, conf) != written {
		t.Error("a removal takes the configuration")
	}
	must(t, inRoot(root, "dpkg", "--purge", "halley"))
	if err := os.Remove(filepath.Join(root, "halley.deb")); err != nil {
		t.Fatal(err)
	}
	for name := range filesOf(t, root) {
		if !before[name] {
			t.Errorf("%s is left", name)
		}
	}
	for _, name := range []string{"passwd", "group"} {
		if strings.Contains(text(t, filepath.Join(root, "etc", name)), "halley") {
			t.Errorf("/etc/%s still knows halley", name)
		}
	}
}

// served starts the server as its unit says, by its user, reloads it, and ends it.
func served(t *testing.T, root string, s settings, conf, changed string) {
	t.Helper()
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(root, "run", "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	run(t, "chmod", "777", filepath.Join(root, "run", "notify"))
	user := "--userspec=" + s.one(t, "User") + ":" + s.one(t, "Group")
	words := strings.Fields(s.one(t, "ExecStart"))
	must(t, inRoot(root, "install", "-d", "-o", s.one(t, "User"), "/run/"+s.one(t, "RuntimeDirectory"))) // systemd does
	c := inRoot(root, append([]string{user}, words...)...)
	c.Env = append(c.Env, "NOTIFY_SOCKET=/run/notify")
	p := start(t, c)
	p.told = told
	_, internal := p.addresses()
	p.notified("READY=1")
	publish(t, internal)
	owner := must(t, inRoot(root, "stat", "-c", "%U %a", "/var/lib/halley/history"))
	if owner != "halley 600\n" {
		t.Errorf("the history file is of %s", owner)
	}
	put(t, conf, strings.Replace(changed, "history=5", "history=6", 1))
	reload := strings.ReplaceAll(s.one(t, "ExecReload"), "${MAINPID}", strconv.Itoa(p.run.Process.Pid))
	must(t, inRoot(root, "sh", "-c", reload))
	p.notified("RELOADING=1")
	p.notified("READY=1")
	p.logged("history=6")
	p.handOver()
	_, internal = p.addresses()
	publish(t, internal)
	p.stop()
	p.notified("STOPPING=1")
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// others are files that the tools of Debian write when anything is installed.
var others = regexp.MustCompile(`^(var/lib/dpkg|var/log|var/cache|etc/\.pwd\.lock|run|tmp|etc/(passwd|group|shadow|gshadow|subuid|subgid)-)(/|$)`)

// filesOf are the files of a system, but for those.
func filesOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	files := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		if name == "proc" || name == "sys" || name == "dev" {
			return fs.SkipDir
		}
		if !others.MatchString(name) {
			files[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
