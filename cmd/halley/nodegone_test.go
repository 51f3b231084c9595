//go:build !nocluster

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// A node that is killed, or stands still, is gone for those whose sessions it has: who polls by another node hears that its session is
// not known, and a request that comes then hears it at once.
func TestPollOfANodeThatGoes(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := threeNodes(t, "--cluster-timeout=4s")
			for _, n := range nodes {
				n.knows(t, 3)
			}
			reply := nodes[0].ask(t, `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`)
			_, rest, _ := strings.Cut(reply, `"clientId":"`)
			id, _, _ := strings.Cut(rest, `"`)
			connect := `[{"channel":"/meta/connect","id":"c7","clientId":"` + id + `","connectionType":"long-polling"}]`
			nodes[1].ask(t, connect)
			polled := make(chan string, 1)
			go func() { polled <- nodes[1].ask(t, connect) }()
			nodes[0].shows(t, "halley_held_polls 1")
			began := time.Now()
			if err := nodes[0].Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			unknown := func(reply string) {
				t.Helper()
				for _, part := range []string{"402::session_unknown", `"id":"c7"`, `"reconnect":"handshake"`} {
					if !strings.Contains(reply, part) {
						t.Fatalf("after %v: %s", time.Since(began), reply)
					}
				}
			}
			unknown(<-polled)
			t.Logf("answered after %v", time.Since(began))
			asked := time.Now()
			unknown(nodes[1].ask(t, connect))
			unknown(nodes[2].ask(t, connect))
			t.Logf("and later ones in %v", time.Since(asked))
			if signal != syscall.SIGSTOP {
				return
			}
			if err := nodes[0].Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			nodes[1].knows(t, 3)
		})
	}
}
