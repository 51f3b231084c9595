//go:build !nocluster

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// Each subscriber of three nodes gets a message of NATS once, of channels with a history and without, also when the node is gone that
// has published for all. What is published at any node goes out once.
func TestFeedsOfThreeNodes(t *testing.T) {
	t.Parallel()
	url, _ := natsServer(t)
	nodes := threeNodes(t, "--cluster-timeout=8s", // for which a busy machine may keep none from its work
		"--rule=/stock/kept/** history=1000", "--feed-url="+url, "--import=stock.> /stock/**", "--export=/orders/** orders.>")
	link, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	orders, err := link.SubscribeSync("orders.>")
	if err != nil {
		t.Fatal(err)
	}
	var subs []*started
	for _, n := range nodes {
		n.shows(t, "halley_feed_connected 1")
		n.ready(t)
		subs = append(subs, subscribe(t, n.endpoint, n.inside, 1, "/stock/**"))
	}
	say := func(text string) {
		t.Helper()
		for _, subject := range []string{"stock.live", "stock.kept.a"} {
			if err := link.Publish(subject, []byte(fmt.Sprintf("%q", text+subject))); err != nil {
				t.Fatal(err)
			}
		}
	}
	has := func(s *started, text string) int { return strings.Count(s.out.String(), `"`+text) }
	// The eldest takes up its work a moment after it has started.
	first := 0
	eventually(t, func() bool {
		first++
		say(fmt.Sprintf("first%d.", first))
		time.Sleep(100 * time.Millisecond)
		return has(subs[0], fmt.Sprintf("first%d.stock.kept", first)) > 0
	}, subs[0].log)
	for n := range 50 {
		say(fmt.Sprintf("n%d.", n))
	}
	expectOnce(t, subs, "n", 50)
	for i, n := range nodes {
		if code, _, stderr := halley(t, "", "pub", fmt.Sprint("/orders/", i), fmt.Sprint(i), "--server="+n.inside); code != 0 {
			t.Fatalf("exit %d, %s", code, stderr)
		}
	}
	out := map[string]int{}
	for range nodes {
		m, err := orders.NextMsg(patience)
		if err != nil {
			t.Fatal(err)
		}
		out[m.Subject+" "+string(m.Data)]++
	}
	if m, err := orders.NextMsg(300 * time.Millisecond); err == nil {
		t.Errorf("%s comes once more", m.Subject)
	}
	if len(out) != 3 || out["orders.2 2"] != 1 {
		t.Errorf("exported %v", out)
	}
	nodes[0].kill(t) // which has been there the longest
	nodes[1].knows(t, 2)
	nodes[2].knows(t, 2)
	again := 0
	eventually(t, func() bool {
		again++
		say(fmt.Sprintf("again%d.", again))
		time.Sleep(100 * time.Millisecond)
		return has(subs[1], fmt.Sprintf("again%d.stock.kept", again)) > 0
	}, subs[1].log)
	for n := range 50 {
		say(fmt.Sprintf("m%d.", n))
	}
	expectOnce(t, subs[1:], "m", 50)
}

// expectOnce waits until subscribers have all messages of a kind, and tells which come twice.
func expectOnce(t *testing.T, subs []*started, kind string, count int) {
	t.Helper()
	for i, s := range subs {
		for n := range count {
			for _, subject := range []string{"stock.live", "stock.kept.a"} {
				text := fmt.Sprintf(`"%s%d.%s"`, kind, n, subject)
				eventually(t, func() bool { return strings.Contains(s.out.String(), text) }, s.log)
				if got := strings.Count(s.out.String(), text); got != 1 {
					t.Errorf("subscriber %d has %s %d times", i, text, got)
				}
			}
		}
	}
}

// kill ends a node without a word.
func (n *nodeProcess) kill(t *testing.T) {
	t.Helper()
	if err := n.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// The feeds of a node are by the NATS of its cluster and under its name, where they say nothing else.
func TestFeedsByTheClustersNATS(t *testing.T) {
	t.Parallel()
	url, _ := natsServer(t)
	ports := free(t, ownHost(t, 0), 2)
	n := startNode(t, "--listen="+ports[0], "--internal="+ports[1], "--loops=1", "--drain-timeout=1s",
		"--cluster="+url, "--cluster-name=feeding", "--import=js:NONE:a.> /a/**", "--import=stock.> /stock/**")
	n.shows(t, "halley_feed_connected 1")
	sub := subscribe(t, n.endpoint, n.inside, 1, "/stock/ACME", "--count=1", "--timeout=2m")
	link, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	for end := time.Now().Add(patience); ; {
		if err := link.Publish("stock.ACME", []byte("7")); err != nil {
			t.Fatal(err)
		}
		select {
		case code := <-sub.code:
			if code != 0 || !strings.Contains(sub.out.String(), `"data":7`) {
				t.Fatalf("exit %d, %s%s", code, sub.out, sub.log)
			}
			return
		case <-time.After(50 * time.Millisecond):
			if time.Now().After(end) {
				t.Fatal("it never comes")
			}
		}
	}
}
