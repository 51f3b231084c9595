//go:build nocluster

// Proved by TestWithoutCluster.

package config

// Cluster is what can be set of a cluster: nothing, in a program without one.
type Cluster struct{}

// Clustered tells that this program can be a node of a cluster.
const Clustered = false
