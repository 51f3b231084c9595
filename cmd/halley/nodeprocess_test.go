//go:build !nocluster

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nodeProcess is a server of a cluster as a process of its own.
type nodeProcess struct {
	*child
	args             []string
	endpoint, inside string
}

// startNode starts one with the arguments of a command, and waits until it listens.
func startNode(t *testing.T, args ...string) *nodeProcess {
	t.Helper()
	n := &nodeProcess{args: args}
	for _, pair := range pairs(args) {
		switch pair[0] {
		case "--listen":
			n.endpoint = "http://" + pair[1] + "/bayeux"
		case "--internal":
			n.inside = "http://" + pair[1]
		}
	}
	n.again(t)
	return n
}

// again starts the process, the first time or after it has ended.
func (n *nodeProcess) again(t *testing.T) {
	t.Helper()
	n.child = process(t, append([]string{"serve"}, n.args...)...)
	n.await(t, "msg=listening")
}

// pairs are the flags of arguments with their values.
func pairs(args []string) (list [][2]string) {
	for i := 0; i < len(args); i++ {
		name, value, whole := strings.Cut(args[i], "=")
		if !whole && i+1 < len(args) {
			i++
			value = args[i]
		}
		list = append(list, [2]string{name, value})
	}
	return list
}

// threeNodes is a cluster of three processes, each with an address of its own.
func threeNodes(t *testing.T, args ...string) (nodes []*nodeProcess) {
	t.Helper()
	var at [3][]string
	for i := range at {
		at[i] = free(t, ownHost(t, i), 3)
	}
	for i, ports := range at {
		own := []string{"--listen=" + ports[0], "--internal=" + ports[1], "--loops=1", "--drain-delay=50ms", "--drain-timeout=1s", "--cluster-listen=" + ports[2]}
		for j, other := range at {
			if j != i {
				own = append(own, "--cluster-peer="+other[2])
			}
		}
		nodes = append(nodes, startNode(t, append(own, args...)...))
	}
	for _, n := range nodes {
		n.knows(t, len(nodes))
	}
	return nodes
}

// shows waits until the metrics of a node have a line.
func (n *nodeProcess) shows(t *testing.T, line string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(get(t, n.inside+"/metrics"), "\n"+line+"\n") {
			return
		}
	}
	t.Fatalf("%s never shows %q", n.inside, line)
}

// knows waits until a node works with as many, itself included.
func (n *nodeProcess) knows(t *testing.T, nodes int) {
	t.Helper()
	n.shows(t, "halley_cluster_nodes "+string(rune('0'+nodes)))
}

// carried publishes on one node until a subscriber of another one has it.
func carried(t *testing.T, from, to *nodeProcess, channel string) {
	t.Helper()
	sub := subscribe(t, to.endpoint, to.inside, 1, channel, "--count=1", "--timeout=2m")
	for end := time.Now().Add(patience); ; {
		if code, _, stderr := halley(t, "", "pub", channel, "7", "--bayeux="+from.endpoint); code != 0 {
			t.Fatalf("exit %d, %s", code, stderr)
		}
		select {
		case code := <-sub.code:
			if code != 0 || !strings.Contains(sub.out.String(), `"data":7`) {
				t.Fatalf("exit %d, %s%s", code, sub.out, sub.log)
			}
			return
		case <-time.After(200 * time.Millisecond):
			if time.Now().After(end) {
				t.Fatal("it never comes")
			}
		}
	}
}

// ask posts messages to a node, and returns its answer.
func (n *nodeProcess) ask(t *testing.T, messages string) string {
	t.Helper()
	resp, err := http.Post(n.endpoint, "application/json", strings.NewReader(messages))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
	return string(body)
}

// send publishes at the internal listener of a node, and returns the status.
func (n *nodeProcess) send(t *testing.T, messages string) int {
	t.Helper()
	resp, err := http.Post(n.inside+"/publish", "application/json", strings.NewReader(messages))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// ready waits until a node is.
func (n *nodeProcess) ready(t *testing.T) {
	t.Helper()
	body := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if body = get(t, n.inside+"/health/ready"); strings.Contains(body, `"ready":true`) {
			return
		}
	}
	t.Fatalf("%s is never ready: %s", n.inside, body)
}

// restart stops a node as a package's upgrade does, and starts it again.
func (n *nodeProcess) restart(t *testing.T) {
	t.Helper()
	if err := n.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if state := n.ends(t); !state.Success() {
		t.Fatalf("it ends with %v", state)
	}
	n.again(t)
	n.ready(t)
}

// count publishes numbers to a channel with a history until it is stopped, each until a node has taken it, and returns how many.
func count(t *testing.T, nodes []*nodeProcess, stop <-chan struct{}) (sent int) {
	for at := 0; ; sent++ {
		message := fmt.Sprintf(`{"channel":"/h/a","data":%d,"dedup":"k%d"}`, sent, sent)
		for end := time.Now().Add(patience); nodes[at].send(t, message) != http.StatusOK; at = (at + 1) % len(nodes) {
			if time.Now().After(end) {
				t.Errorf("message %d is never taken", sent)
				return sent
			}
			time.Sleep(5 * time.Millisecond)
		}
		select {
		case <-stop:
			return sent + 1
		case <-time.After(5 * time.Millisecond):
		}
	}
}
