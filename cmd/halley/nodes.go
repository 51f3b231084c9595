// Proved by TestClusterCommand.

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-json"

	"halley/cmd/halley/internalhttp"
	"halley/loop/settings"
)

// clusterCommand asks a node what it knows of its cluster.
type clusterCommand struct {
	Server      string          `env:"-" default:"http://127.0.0.1:8081" help:"Internal listener of the node."`
	InternalKey settings.Secret `placeholder:"KEY" help:"Its bearer key, which needs listings."`
	Wait        time.Duration   `env:"-" default:"5s" help:"How long the answer may take."`
	Trust       trust           `embed:""`
}

// mostStatus is as much of an answer as is read.
const mostStatus = 1 << 20

// Run prints what the node says.
func (c *clusterCommand) Run(env environment) error {
	trusted, err := c.Trust.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(env.ctx, c.Wait)
	defer cancel()
	status, err := c.ask(ctx, &http.Transport{TLSClientConfig: trusted, DisableKeepAlives: true})
	if err != nil {
		return c.Trust.explained(err)
	}
	return show(env.stdout, status)
}

// ask gets the status.
func (c *clusterCommand) ask(ctx context.Context, by http.RoundTripper) (status internalhttp.ClusterStatus, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.Server, "/")+"/cluster", nil)
	if err != nil {
		return status, usagef("--server: %w", err)
	}
	if c.InternalKey != "" {
		request.Header.Set("Authorization", "Bearer "+string(c.InternalKey))
	}
	response, err := by.RoundTrip(request)
	if err != nil {
		return status, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostStatus))
	if err != nil {
		return status, err
	}
	if response.StatusCode != http.StatusOK {
		return status, fmt.Errorf("%s %s", response.Status, strings.TrimSpace(string(body)))
	}
	return status, json.Unmarshal(body, &status)
}

// show prints a status: the nodes as a table, and then the figures that are not zero.
func show(w io.Writer, s internalhttp.ClusterStatus) error {
	connected := "connected to NATS"
	if !s.Connected {
		connected = "NOT connected to NATS"
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "node %d (%s) of the cluster %s, %s\n\n", s.Node, s.Address, s.Name, connected)
	fmt.Fprintln(table, "NODE\tSTATE\tHEARD\tEPOCH\tVERSION\tLOOPS\tADDRESS")
	slices.SortFunc(s.Nodes, func(a, b internalhttp.ClusterNode) int { return strings.Compare(a.Address, b.Address) })
	for _, n := range s.Nodes {
		state := n.State
		if n.Draining {
			state += ", draining"
		}
		fmt.Fprintf(table, "%d\t%s\t%s ago\t%d\t%d\t%d\t%s\n", n.Node, state, time.Duration(n.HeardMs)*time.Millisecond, n.Epoch, n.Version, n.Loops, n.Address)
	}
	if len(s.Nodes) == 0 {
		fmt.Fprintln(table, "none but this one")
	}
	fmt.Fprintln(table)
	for _, name := range slices.Sorted(maps.Keys(s.Figures)) {
		if value := s.Figures[name]; value != 0 {
			fmt.Fprintf(table, "%s\t%g\n", strings.ReplaceAll(strings.TrimPrefix(name, "cluster_"), "_", " "), value)
		}
	}
	return table.Flush()
}
