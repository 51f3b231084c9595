package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is the command as a process of its own.
type child struct {
	*exec.Cmd
	pipe io.Closer
	log  *bufio.Reader
	last []byte // what was left of the log at the end
}

// process starts the command by the name halley.
func process(t *testing.T, args ...string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command("/proc/self/exe", args...)}
	c.Args[0] = "halley"
	c.Env = append(os.Environ(), asMain+"=1")
	c.begin(t)
	return c
}

// begin starts the process, which ends with the test.
func (c *child) begin(t *testing.T) {
	t.Helper()
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.pipe, c.log = log, bufio.NewReader(log)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

func serving(t *testing.T, args ...string) *child {
	t.Helper()
	return process(t, append([]string{"serve", "--listen=127.0.0.1:0", "--internal=127.0.0.1:0", "--loops=1", "--drain-timeout=0"}, args...)...)
}

// await reads the log up to a line with the text.
func (c *child) await(t *testing.T, text string) string {
	t.Helper()
	late := time.AfterFunc(patience, func() { c.Process.Kill() })
	defer late.Stop()
	for {
		line, err := c.log.ReadString('\n')
		if strings.Contains(line, text) {
			return line
		}
		if err != nil {
			t.Fatalf("waited for %q: %v", text, err)
		}
	}
}

// ends waits for the process and tells how it ended.
func (c *child) ends(t *testing.T) *os.ProcessState {
	t.Helper()
	late := time.AfterFunc(patience, func() { c.Process.Kill() })
	defer late.Stop()
	c.last, _ = io.ReadAll(c.log)
	c.Wait()
	return c.ProcessState
}

// A signal to stop is heeded whenever it comes, also while the program starts once
// more.
func TestStopWhileStarting(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	serving(t).await(t, "listening")
	whole := time.Since(begun)
	const rounds = 20
	for round := range rounds {
		c := serving(t)
		time.Sleep(whole * time.Duration(round) / (rounds - 2)) // to a moment after it has begun to serve
		c.Process.Signal(syscall.SIGTERM)
		status := c.ends(t).Sys().(syscall.WaitStatus)
		if status.ExitStatus() != 0 && status.Signal() != syscall.SIGTERM {
			t.Fatalf("round %d: it ended with %v: %s", round, c.ProcessState, c.last)
		}
	}
}

// A configuration that comes by a pipe is there once: the program does not start once more, which would find nothing in it.
func TestConfigurationByAPipe(t *testing.T) {
	t.Parallel()
	c := &child{Cmd: exec.Command("/proc/self/exe", "serve", "--config=/dev/stdin", "--listen=127.0.0.1:0", "--internal=127.0.0.1:0", "--loops=1", "--drain-timeout=0")}
	c.Env, c.Stdin = append(os.Environ(), asMain+"=1"), strings.NewReader(`{"log-level": "info", "timer-slack": "3ms"}`)
	c.begin(t)
	c.await(t, "the configuration comes by a pipe and is read once")
	c.await(t, "listening")
}

// The server keeps the name that it was started by, for pgrep and the like.
func TestProcessKeepsItsName(t *testing.T) {
	c := serving(t)
	c.await(t, "listening")
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", c.Process.Pid))
	if err != nil || string(name) != "halley\n" {
		t.Errorf("it is called %q (%v)", name, err)
	}
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.Process.Pid)); err != nil || !strings.HasPrefix(string(line), "halley\x00serve\x00") {
		t.Errorf("its command line is %q (%v)", line, err)
	}
}

// Whoever reads the log may go: the server stays. SIGHUP is no reason to go either.
func TestServerOutlivesItsLogAndHangups(t *testing.T) {
	t.Parallel()
	c := serving(t, "--log-level=debug")
	c.await(t, "listening")
	c.Process.Signal(syscall.SIGHUP)
	c.await(t, "read again, and nothing has changed")
	c.pipe.Close()
	for range 3 {
		c.Process.Signal(syscall.SIGHUP) // which it logs
		time.Sleep(10 * time.Millisecond)
	}
	c.Process.Signal(syscall.SIGTERM)
	if status := c.ends(t).Sys().(syscall.WaitStatus); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", c.ProcessState)
	}
}

// Told to stop, the server says so where somebody looks, and serves everything on.
func TestReadinessEndsBeforeTheServer(t *testing.T) {
	t.Parallel()
	c := serving(t, "--drain-delay=1h", "--log-format=json")
	endpoint, internal := c.addresses(t)
	if status, body := look(t, internal+"/health/ready"); status != 200 || body != "{\"ready\":true}\n" {
		t.Fatalf("%d %s", status, body)
	}
	c.Process.Signal(syscall.SIGTERM)
	const want = "{\"ready\":false,\"reasons\":[\"draining\"]}\n"
	eventually(t, func() bool { _, body := look(t, internal+"/health/ready"); return body == want }, &buffer{})
	sub := subscribe(t, endpoint, internal, 1, "/a", "--count=1")
	if code, _, stderr := halley(t, "", "pub", "/a", "1", "--server="+internal); code != 0 {
		t.Errorf("pub: exit %d, %s", code, stderr)
	}
	if code := <-sub.code; code != 0 {
		t.Errorf("sub: exit %d, %s", code, sub.log)
	}
	c.Process.Signal(syscall.SIGTERM)
	if status := c.ends(t).Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("after a second signal: %v", c.ProcessState)
	}
}

// Where nobody looks nobody is waited for.
func TestNobodyWatchesReadiness(t *testing.T) {
	s, _, _ := server(t, "--drain-delay=1h")
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d, %s", code, s.log)
	}
}

// addresses reads where the server listens from its log, of JSON.
func (c *child) addresses(t *testing.T) (endpoint, internal string) {
	t.Helper()
	return c.addressesOf(t, "")
}

// addressesOf is addresses, of the line with a text.
func (c *child) addressesOf(t *testing.T, text string) (endpoint, internal string) {
	t.Helper()
	line := c.await(t, text)
	var entry struct {
		Addresses []string `json:"addresses"`
		Internal  string   `json:"internal"`
	}
	if err := json.Unmarshal([]byte(line), &entry); err != nil || len(entry.Addresses) != 1 {
		t.Fatalf("%s: %v", line, err)
	}
	return "http://" + entry.Addresses[0] + "/bayeux", "http://" + entry.Internal
}

func look(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
