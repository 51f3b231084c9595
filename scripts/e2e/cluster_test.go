//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"halley/scripts/nodes"
	"halley/scripts/roundrobin/proxy"
)

// clustered is how many subscribers the cluster has in its test.
const clustered = 90

// Whatever node a request comes to, and whichever has the session: every subscriber of three nodes gets every row of the feed that
// one of them takes, in order and once.
func TestEveryoneOfAClusterGetsTheFeed(t *testing.T) {
	name := feed(t)
	want, rows := window(t, name)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	all, front := cluster(t, ctx)
	results := make(chan error, clustered)
	transport := &http.Transport{MaxIdleConnsPerHost: clustered}
	defer transport.CloseIdleConnections()
	for range clustered {
		s := subscriber{server: &process{public: front}, http: &http.Client{Transport: transport}, rows: map[string][]string{}}
		if err := s.open(ctx); err != nil {
			t.Fatal(err)
		}
		go func() { results <- s.follow(ctx, want, rows) }()
	}
	eventually(t, ctx, "the polls to be held", func() bool { return pollsOf(t, ctx, all) == clustered })
	out, err := exec.CommandContext(ctx, binary(t), "pub", "--server=http://"+all[0].Internal(), "--csv="+name, "--channel=/stock/{symbol}",
		"--time=ms_since_midnight", fmt.Sprint("--from=", from), fmt.Sprint("--to=", to), fmt.Sprint("--speed=", speed)).CombinedOutput()
	if err != nil {
		t.Fatalf("pub: %v\n%s", err, out)
	}
	failed := 0
	for range clustered {
		if err := <-results; err != nil {
			failed++
			t.Log(err)
		}
	}
	if failed > 0 {
		t.Errorf("%d of %d subscribers did not get the %d rows as they are", failed, clustered, rows)
	}
}

// cluster starts three nodes, and a proxy before them that hands each request to another one.
func cluster(t *testing.T, ctx context.Context, flags ...string) (all []*nodes.Node, front string) {
	t.Helper()
	all = nodes.NewNetwork(os.Getpid()).Cluster(binary(t), t.TempDir(), 3, nil, append(slack(flags...), "--drain-delay=0", "--drain-timeout=1s")...)
	t.Cleanup(func() {
		nodes.EndAll(all)
		for _, n := range all {
			for _, line := range n.Panics() {
				t.Error(line)
			}
			if t.Failed() {
				t.Logf("%s: %s", n.Name, n.Tail())
			}
		}
	})
	if err := nodes.StartAll(ctx, all); err != nil {
		t.Fatal(err)
	}
	var backends []string
	for _, n := range all {
		backends = append(backends, n.Public())
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = proxy.New(backends...).Server()
	server.Start()
	t.Cleanup(server.Close)
	return all, server.URL
}

var heldLine = regexp.MustCompile(`(?m)^halley_held_polls (\d+)$`)

// pollsOf are the held polls of all nodes.
func pollsOf(t *testing.T, ctx context.Context, all []*nodes.Node) (sum int) {
	t.Helper()
	for _, n := range all {
		_, page, err := n.Ask(ctx, http.MethodGet, "/metrics", "")
		if err != nil {
			t.Fatal(err)
		}
		if found := heldLine.FindStringSubmatch(page); found != nil {
			count, err := strconv.Atoi(found[1])
			if err != nil {
				t.Fatal(err)
			}
			sum += count
		}
	}
	return sum
}
