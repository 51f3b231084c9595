package cluster

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"halley/loop/cluster/nats"
	"halley/scripts/loopback"
)

// One of three nodes that sees no other is not ready, and refuses publishes if it is to. With another one it is ready, and one of two
// is ready alone.
func TestAlone(t *testing.T) {
	t.Parallel()
	here, there, nowhere := loopback.Address(t), loopback.Address(t), loopback.Address(t)
	three := func(listen string, peers ...string) func(*nats.Settings) {
		return func(s *nats.Settings) { s.Listen, s.Peers, s.Replicas = listen, peers, 1 }
	}
	const why = "no other node is reached"
	a := joinBy(t, three(here, there, nowhere), newServer())
	if !strings.Contains(a.trouble(), why) || a.Congested() {
		t.Errorf("trouble %q, %v", a.trouble(), a.Congested())
	}
	a.settings.Required = true
	if !a.Congested() {
		t.Error("it takes publishes")
	}
	b := joinBy(t, three(there, here, nowhere), newServer())
	until(t, func() bool { return a.trouble() == "" && b.trouble() == "" && !a.Congested() }) // they may lose each other for a moment
	if err := b.leave(); err != nil {
		t.Error(err)
	}
	until(t, func() bool { return strings.Contains(a.trouble(), why) && a.Congested() })
	if two := joinBy(t, three(loopback.Address(t), nowhere), newServer()); strings.Contains(two.trouble(), why) {
		t.Errorf("one of two: %q", two.trouble())
	}
}

// A node that has found no other when it takes clients says so, with the flag that may be wrong: one of two is ready all the same.
func TestAloneIsSaid(t *testing.T) {
	t.Parallel()
	here, there := loopback.Address(t), loopback.Address(t)
	said := func(n *node) string {
		var log bytes.Buffer
		n.options.Log = slog.New(slog.NewTextHandler(&log, nil))
		n.Settle(context.Background())
		return log.String()
	}
	a := join(t, here, there, newServer())
	if got := said(a); !strings.Contains(got, "no other node") || !strings.Contains(got, "flag=--cluster-peer") {
		t.Errorf("alone: %q", got)
	}
	b := join(t, there, here, newServer())
	until(t, func() bool { return a.Figures().Nodes.Alive == 2 && b.Figures().Nodes.Alive == 2 && said(b) == "" })
}
