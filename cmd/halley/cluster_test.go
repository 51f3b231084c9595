//go:build !nocluster

package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"strings"
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

// free is an address of the loopback interface that nobody listens on.
func free(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// threeNodes is a cluster of three processes, each with an address of its own.
func threeNodes(t *testing.T, args ...string) (nodes []*nodeProcess) {
	t.Helper()
	hosts := []string{"127.0.0.31", "127.0.0.32", "127.0.0.33"}
	links := make([]string, len(hosts))
	for i, host := range hosts {
		links[i] = free(t, host)
	}
	for i, host := range hosts {
		own := []string{"--listen=" + free(t, host), "--internal=" + free(t, host), "--loops=1", "--drain-timeout=1s", "--cluster-listen=" + links[i]}
		for j, link := range links {
			if j != i {
				own = append(own, "--cluster-peer="+link)
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
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
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
	sub := subscribe(t, to.endpoint, to.inside, 1, channel, "--count=1", "--timeout=1m")
	for end := time.Now().Add(30 * time.Second); ; {
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

// The two commands of the README are a cluster: what is published at one comes to the subscribers of the other.
func TestClusterOfTheReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*nodeProcess
	for line := range strings.Lines(string(text)) {
		if command, is := strings.CutPrefix(strings.TrimSpace(line), "halley serve "); is && strings.HasPrefix(line, "    ") && strings.Contains(line, "--cluster-listen") {
			nodes = append(nodes, startNode(t, strings.Fields(command)...))
		}
	}
	if len(nodes) != 2 {
		t.Fatalf("%d commands for a cluster", len(nodes))
	}
	carried(t, nodes[0], nodes[1], "/stock/ACME")
	carried(t, nodes[1], nodes[0], "/stock/ACME")
}

// A node that is killed is missed, the others go on, and it is one of them again when it is started again.
func TestKilledNodeComesBack(t *testing.T) {
	nodes := threeNodes(t, "--cluster-timeout=600ms")
	carried(t, nodes[0], nodes[2], "/a")
	if err := nodes[2].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	nodes[2].ends(t)
	nodes[0].knows(t, 2)
	carried(t, nodes[0], nodes[1], "/a")
	nodes[2].again(t)
	nodes[2].knows(t, 3)
	carried(t, nodes[1], nodes[2], "/a")
	carried(t, nodes[2], nodes[0], "/a")
}

// Without the flags of a cluster nothing of NATS runs.
func TestNothingRunsWithoutCluster(t *testing.T) {
	s, _, internal := server(t)
	defer s.stop()
	if stacks := get(t, internal+"/debug/pprof/goroutine?debug=2"); !strings.Contains(stacks, "goroutine") || strings.Contains(stacks, "nats") {
		t.Error(stacks)
	}
}

// A server that is to be elsewhere and is not there makes this one unready; it serves all the same, unless it is told not to.
func TestClusterThatIsNotThere(t *testing.T) {
	for _, required := range []bool{false, true} {
		args := []string{"--cluster=nats://" + free(t, "127.0.0.1")}
		if required {
			args = append(args, "--cluster-required")
		}
		n := startNode(t, append(args, "--listen="+free(t, "127.0.0.1"), "--internal="+free(t, "127.0.0.1"))...)
		resp, err := http.Get(n.inside + "/health/ready")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if body := get(t, n.inside+"/health/ready"); resp.StatusCode != 503 || !strings.Contains(body, "cluster: ") {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
		resp, err = http.Post(n.inside+"/publish", "application/json", strings.NewReader(`{"channel":"/a","data":1}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{false: 200, true: 503}[required]; resp.StatusCode != want {
			t.Errorf("required %v: %d, want %d", required, resp.StatusCode, want)
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

// A session is served by whatever node its requests come to.
func TestSessionOnAnyNode(t *testing.T) {
	nodes := threeNodes(t)
	reply := nodes[0].ask(t, `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`)
	_, rest, _ := strings.Cut(reply, `"clientId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if reply = nodes[1].ask(t, `[{"channel":"/meta/subscribe","clientId":"`+id+`","subscription":"/a"}]`); !strings.Contains(reply, `"successful":true`) {
		t.Fatal(reply)
	}
	connect := `[{"channel":"/meta/connect","clientId":"` + id + `","connectionType":"long-polling"}]`
	nodes[2].ask(t, connect)
	polled := make(chan string, 1)
	go func() { polled <- nodes[2].ask(t, connect) }()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		nodes[1].ask(t, `[{"channel":"/a","clientId":"`+id+`","data":7}]`)
		select {
		case reply = <-polled:
			if !strings.Contains(reply, `"data":7`) {
				t.Fatal(reply)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("it is never answered")
}
