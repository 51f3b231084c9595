// Package nodes runs halley as several processes of one cluster, for tests that kill, stop and restart them. Each node has an
// address of its own in 127.0.0.0/8, and keeps it when it is started again.
package nodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The ports of every node, and of what else takes part in the cluster.
const (
	PublicPort   = "8080"
	InternalPort = "8081"
	ClusterPort  = "6222"
)

// Network is the addresses of one run: 127.x.y.z with x and y of the process, so that runs at the same time have others.
type Network struct{ prefix string }

// NewNetwork makes the network of a process.
func NewNetwork(pid int) Network { return Network{fmt.Sprintf("127.%d.%d.", 100+pid/250%100, pid%250)} }

// Host is the address with a number from 1 to 254.
func (n Network) Host(number int) string { return n.prefix + fmt.Sprint(number) }

// Node is one server. Its methods are for one goroutine at a time, but for Publish and Ready.
type Node struct {
	Name   string
	Host   string
	flags  []string
	log    string // the file
	binary string
	http   *http.Client
	// process is nil while none runs.
	process *exec.Cmd
	ended   chan struct{}
}

// New describes a node that logs to a file of dir. Nothing runs before Start.
func New(binary, dir, name, host string, flags ...string) *Node {
	fixed := []string{"serve", "--listen", host + ":" + PublicPort, "--internal", host + ":" + InternalPort, "--log-format", "json"}
	return &Node{
		Name: name, Host: host, flags: append(fixed, flags...), log: filepath.Join(dir, name+".log"), binary: binary,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
}

// Public is where clients come to.
func (n *Node) Public() string { return n.Host + ":" + PublicPort }

// Internal is the address of the internal listener.
func (n *Node) Internal() string { return n.Host + ":" + InternalPort }

// PID is that of the process, 0 without one.
func (n *Node) PID() int {
	if n.process == nil {
		return 0
	}
	return n.process.Process.Pid
}

// Start runs the process. It does not wait until the server is ready.
func (n *Node) Start() error {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	process := exec.Command(n.binary, n.flags...)
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // whatever ends the test ends its servers
	if err := process.Start(); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	ended := make(chan struct{})
	n.process, n.ended = process, ended
	go func() {
		_ = process.Wait() // how it ended is in its log, and in whether it was told to
		close(ended)
	}()
	return nil
}

// Await waits until the server is ready.
func (n *Node) Await(ctx context.Context) error {
	for {
		if n.Ready(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not become ready: %w\n%s", n.Name, ctx.Err(), n.Tail())
		case <-n.ended:
			return fmt.Errorf("%s has ended\n%s", n.Name, n.Tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Ready asks the server whether it is.
func (n *Node) Ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	status, _, err := n.Ask(ctx, http.MethodGet, "/health/ready", "")
	return err == nil && status == http.StatusOK
}

// Kill ends the process as a crash does.
func (n *Node) Kill() { n.end(syscall.SIGKILL) }

// End has the server drain, and waits for its end.
func (n *Node) End() { n.end(syscall.SIGTERM) }

func (n *Node) end(with syscall.Signal) {
	if n.process == nil {
		return
	}
	n.Signal(with)
	select {
	case <-n.ended:
	case <-time.After(30 * time.Second):
		n.Signal(syscall.SIGKILL)
		<-n.ended
	}
	n.process = nil
	n.http.CloseIdleConnections()
}

// Signal sends a signal, such as SIGSTOP or SIGCONT. A process that is told to stop has stopped when it returns: on a busy machine
// its threads go on for a while.
func (n *Node) Signal(s syscall.Signal) {
	if n.process == nil {
		return
	}
	_ = n.process.Process.Signal(s) // it may have ended
	for s == syscall.SIGSTOP && unix.Waitid(unix.P_PID, n.PID(), nil, unix.WSTOPPED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// Alive tells whether the process that was started still runs.
func (n *Node) Alive() bool {
	if n.process == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// ErrPublish is an answer to a publish that is not 200.
var ErrPublish = errors.New("the publish is refused")

// Ask sends a request to the internal listener and reads the whole answer.
func (n *Node) Ask(ctx context.Context, method, path, body string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+n.Internal()+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	response, err := n.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// Publish sends a message as a back-end does.
func (n *Node) Publish(ctx context.Context, body string) error {
	status, text, err := n.Ask(ctx, http.MethodPost, "/publish", body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%w: %d %s", ErrPublish, status, text)
	}
	return err
}

// tail bounds what Tail returns in bytes.
const tail = 4000

// Tail is the end of the server's log.
func (n *Node) Tail() string {
	text, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-tail):])
}

// Panics are the lines of the log that tell of one, or of the end of the process by the Go runtime.
func (n *Node) Panics() (lines []string) {
	text, err := os.ReadFile(n.log)
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"msg":"panic"`) || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			lines = append(lines, n.Name+": "+strings.TrimSpace(line))
		}
	}
	return lines
}
