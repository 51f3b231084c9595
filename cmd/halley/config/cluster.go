//go:build !nocluster

// Proved by TestCluster and TestUsageErrorsExitWith2.

package config

import "halley/loop/cluster"

// Cluster is what can be set of a cluster.
type Cluster = cluster.Settings

// Clustered tells that this program can be a node of a cluster.
const Clustered = true
