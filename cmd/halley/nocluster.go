//go:build nocluster

// Proved by TestWithoutCluster.

package main

import (
	"context"

	"halley/cmd/halley/config"
	"halley/cmd/halley/console"
	"halley/cmd/halley/internalhttp"
	"halley/cmd/halley/metrics"
	"halley/loop"
)

// membership is nothing, in a program without a cluster.
type membership struct{}

func (*membership) open(context.Context, *config.Serve, *loop.Config) error { return nil }
func (*membership) doubt(*config.Serve) string                              { return "" }
func (*membership) begin(*loop.Server)                                      {}
func (*membership) run(context.Context, *loop.Server) error                 { return nil }
func (*membership) settle(context.Context)                                  {}
func (*membership) drain()                                                  {}
func (*membership) close()                                                  {}
func (*membership) status() func() internalhttp.ClusterStatus               { return nil }
func (*membership) around() (s console.Surroundings)                        { return s }
func (*membership) sources() []metrics.Source                               { return nil }

// feeding is nothing, too: feeds are from and to NATS.
type feeding struct{}

func (*feeding) open(*config.Serve, *membership, *loop.Config) error { return nil }
func (*feeding) doubt(*config.Serve) string                          { return "" }
func (*feeding) feed(context.Context, *loop.Server)                  {}
func (*feeding) others() []console.Other                             { return nil }
func (*feeding) sources() []metrics.Source                           { return nil }
