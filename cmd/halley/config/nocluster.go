//go:build nocluster

// Proved by TestWithoutCluster.

package config

// Cluster is what can be set of a cluster: nothing, in a program without one.
type Cluster struct{}

// Feeds is what can be set of messages from and to NATS: nothing, likewise.
type Feeds struct{}

// Clustered tells that this program can be a node of a cluster.
const Clustered = false
