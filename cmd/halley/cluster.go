//go:build !nocluster

// Proved by TestCluster and TestUsageErrorsExitWith2.

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"halley/cmd/halley/config"
	"halley/cmd/halley/console"
	"halley/cmd/halley/internalhttp"
	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/cluster"
	"halley/loop/cluster/nodes"
)

// membership is what makes this server a node of a cluster.
type membership struct{ cluster *cluster.Cluster } // nil without one

// open joins the cluster, if there is to be one. What is only checked joins none.
func (m *membership) open(ctx context.Context, c *config.Serve, cfg *loop.Config) error {
	if err := c.Cluster.Check(); err != nil || !c.Cluster.Active() {
		return err
	}
	switch {
	case c.Loop.HistoryFile != "":
		return errors.New("--history-file: the nodes of a cluster keep its history themselves, see --cluster-store")
	case c.Loop.Control != "":
		return errors.New("--control: a node of a cluster hands nothing over to a later one: start it anew, one node after the other")
	case c.CheckConfig:
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	m.cluster, err = cluster.Open(ctx, c.Cluster, cluster.Options{
		MaxMessage: c.Loop.MaxMessage, MaxChannelLength: c.Loop.Channel.MaxLength, HistoryBytes: c.Loop.HistoryBytes,
		DedupWindow: c.Internal.DedupWindow, Loops: cfg.Loops, Address: host + " " + strings.Join(c.Loop.Listen, " "), Log: cfg.Log,
	})
	if err == nil {
		cfg.Cluster = m.cluster
	}
	return err
}

// doubt says what may not be meant by the settings; empty: nothing.
func (m *membership) doubt(c *config.Serve) string { return c.Cluster.Doubt() }

// begin ties the cluster to the server, which does not run yet.
func (m *membership) begin(server *loop.Server) {
	if m.cluster != nil {
		m.cluster.Begin(server)
	}
}

// run makes the server a node until ctx is done. An error means that it cannot be one any more, and has to end.
func (m *membership) run(ctx context.Context, server *loop.Server) error {
	if m.cluster == nil {
		return nil
	}
	return m.cluster.Run(ctx, server)
}

// settle waits until the server works with the other nodes.
func (m *membership) settle(ctx context.Context) {
	if m.cluster != nil {
		m.cluster.Settle(ctx)
	}
}

// drain tells the other nodes that this one lets its clients go.
func (m *membership) drain() {
	if m.cluster != nil {
		m.cluster.Drain()
	}
}

// close leaves the cluster, if run has not.
func (m *membership) close() {
	if m.cluster != nil {
		m.cluster.Close()
	}
}

// status tells of the cluster; nil: there is none.
func (m *membership) status() func() internalhttp.ClusterStatus {
	if m.cluster == nil {
		return nil
	}
	return func() internalhttp.ClusterStatus {
		s := m.cluster.Status()
		told := internalhttp.ClusterStatus{Name: s.Name, Node: s.Node, Address: s.Address, Connected: s.Connected, Figures: s.Figures}
		for _, n := range s.Nodes {
			told.Nodes = append(told.Nodes, internalhttp.ClusterNode{
				Node: n.Number, Address: n.Address, State: n.State.String(), Version: int(n.Version), Epoch: n.Epoch,
				Draining: n.Draining, Loops: n.Loops, HeardMs: (s.Now - n.Heard).Milliseconds(),
			})
		}
		return told
	}
}

// around are the other nodes, for the console. What comes and goes is of all of them together.
func (m *membership) around() (s console.Surroundings) {
	if m.cluster == nil {
		return s
	}
	status, f := m.cluster.Status(), m.cluster.Figures()
	s.Others = []console.Other{{
		Kind: console.Cluster, Name: fmt.Sprintf("%s, here node %d", status.Name, status.Node), Up: status.Connected, In: f.Spread.In, Out: f.Spread.Out,
		Lost: f.Spread.OutDropped + f.Spread.Overflowed + f.Spread.Gaps + f.Wire.Lost + f.Wire.Refused + f.Wire.Losses + f.Link.Holes + f.Order.Lost + f.Order.Unknown,
	}}
	for _, n := range status.Nodes {
		s.Others = append(s.Others, console.Other{Kind: console.Node, Name: fmt.Sprintf("%d, %s", n.Number, n.Address), Up: n.State == nodes.Joined, Lag: status.Now - n.Heard})
	}
	s.Facts = []console.Fact{
		{Name: "Nodes at work", Form: console.Count, Value: float64(f.Nodes.Alive)},
		{Name: "Nodes lost", Form: console.Count, Value: float64(f.Nodes.Lost.Silent + f.Nodes.Lost.Told + f.Nodes.Lost.Torn + f.Nodes.Lost.Paused)},
		{Name: "Requests for sessions elsewhere", Form: console.Rate, Value: float64(f.Link.Forwarded)},
		{Name: "Subscriptions to other nodes", Form: console.Count, Value: float64(f.Spread.Subscriptions)},
		{Name: "Waiting to go", Form: console.Bytes, Value: float64(f.Wire.Waiting + f.Link.Waiting)},
		{Name: "History behind by", Form: console.Count, Value: float64(f.Order.Lag)},
		{Name: "Stored of here", Form: console.Rate, Value: float64(f.Order.Stored)},
		{Name: "Gaps told", Form: console.Count, Value: float64(f.Spread.Gaps)},
	}
	return s
}

// sources are the figures of the cluster.
func (m *membership) sources() []metrics.Source {
	return []metrics.Source{{Of: new(cluster.Figures), Take: func() any {
		f := new(cluster.Figures)
		if m.cluster != nil {
			*f = m.cluster.Figures()
		}
		return f
	}}}
}
