//go:build !nocluster

package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

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
	t.Parallel()
	nodes := threeNodes(t, "--cluster-timeout=2s")
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
	stacks := strings.Split(get(t, internal+"/debug/pprof/goroutine?debug=2"), "\n\n")
	if len(stacks) < 2 {
		t.Error(stacks)
	}
	for _, stack := range stacks {
		// The package pse reads how much the process has used, once a second, and cannot be told not to.
		if strings.Contains(stack, "nats") && !strings.Contains(stack, "/pse.periodic") {
			t.Error(stack)
		}
	}
}

// A server that is to be elsewhere and is not there makes this one unready; it serves all the same, unless it is told not to.
func TestClusterThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{false, true} {
		ports := free(t, ownHost(t, 0), 3)
		args := []string{"--cluster=nats://" + ports[2]}
		if required {
			args = append(args, "--cluster-required")
		}
		n := startNode(t, append(args, "--listen="+ports[0], "--internal="+ports[1])...)
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

// A session is served by whatever node its requests come to.
func TestSessionOnAnyNode(t *testing.T) {
	t.Parallel()
	nodes := threeNodes(t, "--cluster-timeout=10s") // for which a busy machine may keep none from its work
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
	for end := time.Now().Add(patience); time.Now().Before(end); {
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

// What is published at any node of a channel with a history is remembered by all, in one order; with a store also when all nodes were

// stopped.
func TestHistoryOfThreeNodes(t *testing.T) {
	t.Parallel()
	nodes := threeNodes(t, "--rule=/h/** history=1000")
	for _, n := range nodes {
		n.ready(t)
	}
	const all = 30
	for i := range all {
		for end := time.Now().Add(patience); ; {
			status := nodes[i%3].send(t, fmt.Sprintf(`{"channel":"/h/a","data":%d,"dedup":"k%d"}`, i, i))
			if status == http.StatusOK {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("message %d: %d", i, status)
			}
		}
	}
	var first string
	for _, n := range nodes {
		code, out, stderr := halley(t, "", "sub", "/h/a", "--server="+n.endpoint, "--since=earliest", fmt.Sprintf("--count=%d", all), "--timeout=2m")
		if code != 0 || strings.Count(out, "\n") != all {
			t.Fatalf("exit %d, %s%s", code, out, stderr)
		}
		if first == "" {
			first = out
		}
		if out != first {
			t.Errorf("%s, want %s", out, first)
		}
	}
	for i := range all {
		if !strings.Contains(strings.Split(first, "\n")[i], fmt.Sprintf(`"data":%d`, i)) {
			t.Fatalf("line %d: %s", i, first)
		}
	}
}

// Three nodes are started anew, one after the other, under a feed. Subscribers who ask for replay get all of it, once and in order,

// whichever node they are clients of.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	nodes := threeNodes(t, "--rule=/h/** history=100000")
	var subs []*started
	for _, n := range nodes {
		n.ready(t)
		subs = append(subs, subscribe(t, n.endpoint, n.inside, 1, "/h/a", "--since=earliest"))
	}
	stop, sent := make(chan struct{}), make(chan int, 1)
	go func() { sent <- count(t, nodes, stop) }()
	for _, n := range nodes {
		n.restart(t)
		n.knows(t, len(nodes))
	}
	close(stop)
	all := <-sent
	for i, sub := range subs {
		eventually(t, func() bool { return strings.Count(sub.out.String(), "\n") >= all }, sub.log)
		sub.stop()
		for j, line := range strings.Split(strings.TrimSpace(sub.out.String()), "\n") {
			if !strings.Contains(line, fmt.Sprintf(`"data":%d,`, j)) && !strings.Contains(line, fmt.Sprintf(`"data":%d}`, j)) {
				t.Fatalf("subscriber %d, message %d of %d: %s\n%s", i, j, all, line, sub.log)
			}
		}
	}
	t.Logf("%d messages", all)
}
