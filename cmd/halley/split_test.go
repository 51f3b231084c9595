//go:build !nocluster

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"halley/scripts/disorders/links"
)

// split is three nodes that reach each other by links. All links come from an address where nobody listens: else a node would tell
// others of a way around them.
func split(t *testing.T, args ...string) (nodes []*nodeProcess, lines map[[2]int]*links.Link) {
	t.Helper()
	var at [3][]string
	lines = make(map[[2]int]*links.Link)
	for i := range at {
		at[i] = free(t, ownHost(t, i), 3)
	}
	for from := range at {
		for to, ports := range at {
			if to == from {
				continue
			}
			l, err := links.Open(ownHost(t, 3)+":0", ports[2], ownHost(t, 4))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(l.Close)
			lines[[2]int{from, to}] = l
		}
	}
	for i, ports := range at {
		own := []string{"--listen=" + ports[0], "--internal=" + ports[1], "--loops=1", "--drain-timeout=1s", "--cluster-listen=" + ports[2]}
		for j := range at {
			if j != i {
				own = append(own, "--cluster-peer="+lines[[2]int{i, j}].Address())
			}
		}
		nodes = append(nodes, startNode(t, append(own, args...)...))
	}
	for _, n := range nodes {
		n.knows(t, len(nodes))
		n.ready(t)
	}
	return nodes, lines
}

// cut sets the state of all links of a node.
func cut(lines map[[2]int]*links.Link, node int, state links.State) {
	for pair, l := range lines {
		if pair[0] == node || pair[1] == node {
			l.Set(state)
		}
	}
}

// A node that is cut off serves its own clients, and takes nothing for channels with a history. The others go on. When it is back all
// is as before: who replays has everything once and in order, and others are told of what they may have missed.
func TestSplit(t *testing.T) {
	t.Parallel()
	nodes, lines := split(t, "--rule=/h/** history=1000")
	for _, how := range []links.State{links.Broken, links.Silent} {
		said := fmt.Sprint(how)
		plain := make([]*started, len(nodes))
		for i, n := range nodes {
			plain[i] = subscribe(t, n.endpoint, n.inside, 1, "/plain/"+said)
		}
		cut(lines, 2, how)
		nodes[0].knows(t, 2)
		nodes[1].knows(t, 2)
		nodes[2].knows(t, 1)
		for i, n := range nodes {
			if status := n.send(t, fmt.Sprintf(`{"channel":"/plain/%s","data":"from %d"}`, said, i)); status != http.StatusOK {
				t.Errorf("node %d: a plain publish is answered %d", i, status)
			}
		}
		for i, want := range [][]int{{0, 1}, {0, 1}, {2}} {
			for _, from := range want {
				eventually(t, func() bool { return strings.Contains(plain[i].out.String(), fmt.Sprintf("from %d", from)) }, plain[i].log)
			}
		}
		stored(t, nodes[0], said, http.StatusOK)
		stored(t, nodes[2], said, http.StatusServiceUnavailable)
		for i, ready := range []bool{true, true, false} {
			if got := get(t, nodes[i].inside+"/health/ready"); strings.Contains(got, `"ready":true`) != ready || !ready && !strings.Contains(got, "no other node is reached") {
				t.Errorf("node %d says %s", i, got)
			}
		}
		cut(lines, 2, links.Whole)
		for _, n := range nodes {
			n.knows(t, 3)
			n.ready(t)
		}
		stored(t, nodes[2], said, http.StatusOK)
		code, out, stderr := halley(t, "", "sub", "/h/"+said, "--server="+nodes[2].endpoint, "--since=earliest", "--count=2", "--timeout=2m")
		if code != 0 || strings.Count(out, "\n") != 2 {
			t.Errorf("exit %d, %s%s", code, out, stderr)
		}
		for _, s := range plain {
			s.stop()
		}
		for i, s := range plain { // what was silent may have come late
			got := s.out.String()
			for from := range nodes {
				if n := strings.Count(got, fmt.Sprintf("from %d", from)); n > 1 || n == 0 && !strings.Contains(s.log.String(), "dropped messages") {
					t.Errorf("node %d has %d of node %d, and says: %s", i, n, from, s.log)
				}
			}
		}
	}
}

// stored publishes to a channel with a history until the answer is the wanted one. A node that led the history when it was cut off
// takes some time to notice, and a publish that nobody has stored is answered after ten seconds.
func stored(t *testing.T, n *nodeProcess, channel string, want int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		status := n.send(t, fmt.Sprintf(`{"channel":"/h/%s","data":"%s"}`, channel, n.endpoint))
		if status == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("answered %d, want %d", status, want)
		}
	}
}
