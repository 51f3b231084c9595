//go:build !nocluster

// Proved by TestCluster and TestUsageErrorsExitWith2.

package config

import (
	"halley/loop/cluster"
	"halley/loop/cluster/feeds"
)

// Cluster is what can be set of a cluster.
type Cluster = cluster.Settings

// Feeds is what can be set of messages of NATS that come to channels, and go there.
type Feeds = feeds.Settings

// Clustered tells that this program can be a node of a cluster.
const Clustered = true
