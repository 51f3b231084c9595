//go:build e2e

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The hook of the README decides, as it stands there.
func TestReadmeHook(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```js\n// hook.mjs")
	program, _, ends := strings.Cut(rest, "```")
	if !found || !ends {
		t.Fatal("the README has no hook")
	}
	folder := t.TempDir()
	script, secret := filepath.Join(folder, "hook.mjs"), filepath.Join(folder, "secret")
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	write(t, script, "//"+strings.Replace(program, "9000", port+`, "`+host+`"`, 1), 0o644)
	write(t, secret, "0123456789abcdef\n", 0o600)
	hook := exec.Command("node", script)
	hook.Env = append(os.Environ(), "HOOK_SECRET=0123456789abcdef")
	if err := hook.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hook.Process.Kill(); hook.Wait() })
	for end := time.Now().Add(deadline); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal("the hook does not listen")
		}
	}
	server := serve(t, "--hook-url=http://"+address+"/", "--hook-secret-file="+secret)
	out, err := exec.Command(binary(t), "pub", "/chat/a", "1", "--bayeux="+server.public+"/bayeux").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "log_in_first") {
		t.Errorf("a stranger published: %v, %s", err, out)
	}
}
