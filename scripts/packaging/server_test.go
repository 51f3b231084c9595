//go:build e2e

package packaging

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-json"
)

// deadline is how long anything may take that is waited for.
const deadline = 60 * time.Second

// process is a halley in a root of its own.
type process struct {
	t     *testing.T
	run   *exec.Cmd
	pid   int // of the main process, as systemd would know it
	mu    sync.Mutex
	log   []string
	lines chan string
	ended chan struct{}
	told  *net.UnixConn // by sd_notify
}

// start runs a command that logs in JSON.
func start(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, run: c, lines: make(chan string, 1000), ended: make(chan struct{})}
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = c.Process.Pid
	t.Cleanup(func() { c.Process.Kill(); syscall.Kill(p.pid, syscall.SIGKILL); <-p.ended })
	go func() {
		defer close(p.ended)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.mu.Lock()
			p.log = append(p.log, s.Text())
			p.mu.Unlock()
			p.lines <- s.Text()
		}
		c.Wait()
	}()
	return p
}

// logged waits for a line with a text.
func (p *process) logged(text string) string {
	p.t.Helper()
	late := time.After(deadline)
	for {
		select {
		case line := <-p.lines:
			if strings.Contains(line, text) {
				return line
			}
		case <-p.ended:
			for len(p.lines) > 0 { // what it said before
				if line := <-p.lines; strings.Contains(line, text) {
					return line
				}
			}
			p.t.Fatalf("ended without %q: %s", text, p.all())
		case <-late:
			p.t.Fatalf("no %q: %s", text, p.all())
		}
	}
}

func (p *process) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// addresses are those that the server tells when it listens.
func (p *process) addresses() (public, internal string) {
	p.t.Helper()
	var line struct {
		Addresses []string
		Internal  string
	}
	text := p.logged(`"msg":"listening"`)
	if err := json.Unmarshal([]byte(text), &line); err != nil || len(line.Addresses) != 1 {
		p.t.Fatalf("%s: %v", text, err)
	}
	return line.Addresses[0], line.Internal
}

// notified waits until systemd would have heard a state, and gives all of that message.
func (p *process) notified(state string) string {
	p.t.Helper()
	buffer := make([]byte, 4096)
	if err := p.told.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		p.t.Fatal(err)
	}
	for {
		n, err := p.told.Read(buffer)
		if err != nil {
			p.t.Fatalf("%s was not told: %v\n%s", state, err, p.all())
		}
		if message := string(buffer[:n]); strings.Contains("\n"+message+"\n", "\n"+state+"\n") {
			return message
		}
	}
}

// handOver has the server start the program anew, which becomes the main process.
func (p *process) handOver() {
	p.t.Helper()
	before := p.pid
	if err := syscall.Kill(before, syscall.SIGUSR2); err != nil {
		p.t.Fatal(err)
	}
	for p.pid == before {
		message := p.notified("READY=1")
		if _, err := fmt.Sscanf(message, "MAINPID=%d", &p.pid); err != nil {
			p.t.Fatalf("%q: %v", message, err)
		}
	}
}

// stop ends the server as a supervisor does, and wants it to have gone well.
func (p *process) stop() {
	p.t.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	late := time.After(deadline)
	for {
		select {
		case <-p.lines:
		case <-p.ended:
			if code := p.run.ProcessState.ExitCode(); code != 0 {
				p.t.Errorf("ended with %d: %s", code, p.all())
			}
			return
		case <-late:
			p.t.Fatalf("does not end: %s", p.all())
		}
	}
}

// publish has a message taken by the internal listener.
func publish(t *testing.T, internal string) {
	t.Helper()
	response, err := http.Post("http://"+internal+"/publish", "application/json", strings.NewReader(`{"channel":"/a","data":1}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), `"published":1`) {
		t.Errorf("%s, %v", body, err)
	}
}

// asRoot skips what only root can do.
func asRoot(t *testing.T, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("not root: %s was not tried", what)
	}
}

// inImage runs the program as the Containerfile's last stage has it: in a root with nothing else, by its user, with its
// words; and asks it how it is by the words of the health check.
func inImage(t *testing.T, program string) {
	asRoot(t, "the image")
	i, root := lastStage(t, "Containerfile"), t.TempDir()
	entry := i.words(t, "ENTRYPOINT")
	var uid, gid uint32
	if _, err := fmt.Sscanf(i["USER"][0], "%d:%d", &uid, &gid); err != nil {
		t.Fatal(err)
	}
	run(t, "chmod", "755", root)
	run(t, "install", "-D", "-m", "755", program, root+entry[0])
	run(t, "install", "-d", "-o", fmt.Sprint(uid), "-g", fmt.Sprint(gid), root+i["VOLUME"][0])
	command := func(words ...string) *exec.Cmd {
		c := exec.Command(words[0], words[1:]...)
		c.Dir = "/"
		c.Env = append(i["ENV"], "HALLEY_LISTEN=127.0.0.1:0", "HALLEY_LOG_FORMAT=json", "HALLEY_DRAIN_TIMEOUT=1s", "HALLEY_HISTORY_FILE="+i["VOLUME"][0]+"/history")
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uid, Gid: gid}}
		return c
	}
	own := command(append(entry, i.words(t, "CMD")...)...)
	own.Env = append(own.Env, "HALLEY_INTERNAL=127.0.0.1:0")
	p := start(t, own)
	_, internal := p.addresses()
	publish(t, internal)
	check := command(i.words(t, "HEALTHCHECK")...)
	check.Env = append(check.Env, "HALLEY_INTERNAL="+internal)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
	p.stop()
	check = command(i.words(t, "HEALTHCHECK")...)
	check.Env = append(check.Env, "HALLEY_INTERNAL="+internal)
	if out, err := check.CombinedOutput(); err == nil || check.ProcessState.ExitCode() != 1 {
		t.Errorf("of a server that has ended: %v %s", err, out)
	}
}
