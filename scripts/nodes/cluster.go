// Proved by TestAddressesAndFlags and TestLifeOfNodes.

package nodes

import (
	"context"
	"fmt"
	"path/filepath"
)

// Peer gives the address at which node from finds node to. Nil is where that listens.
type Peer func(from, to int) string

// Cluster makes count nodes that form a cluster by themselves, with what they store below dir. Nodes count from 0, their
// addresses from 1.
func (net Network) Cluster(binary, dir string, count int, peer Peer, flags ...string) []*Node {
	if peer == nil {
		peer = func(_, to int) string { return net.Host(to+1) + ":" + ClusterPort }
	}
	all := make([]*Node, count)
	for n := range all {
		own := []string{
			"--cluster-listen", net.Host(n+1) + ":" + ClusterPort, "--cluster-name", "test",
			"--cluster-store", filepath.Join(dir, fmt.Sprint("store-", n)), "--cluster-replicas", fmt.Sprint(min(count, 3)),
		}
		for other := range all {
			if other != n {
				own = append(own, "--cluster-peer", peer(n, other))
			}
		}
		all[n] = New(binary, dir, fmt.Sprint("node-", n), net.Host(n+1), append(own, flags...)...)
	}
	return all
}

// External makes count nodes whose cluster is a NATS server at an address for each.
func (net Network) External(binary, dir string, count int, address func(node int) string, flags ...string) []*Node {
	all := make([]*Node, count)
	for n := range all {
		own := []string{"--cluster", "nats://" + address(n), "--cluster-name", "test"}
		all[n] = New(binary, dir, fmt.Sprint("node-", n), net.Host(n+1), append(own, flags...)...)
	}
	return all
}

// StartAll starts nodes, and waits until all are ready.
func StartAll(ctx context.Context, all []*Node) error {
	for _, n := range all {
		if err := n.Start(); err != nil {
			return err
		}
	}
	return AwaitAll(ctx, all)
}

// AwaitAll waits until all nodes are ready.
func AwaitAll(ctx context.Context, all []*Node) error {
	for _, n := range all {
		if err := n.Await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// EndAll ends nodes together.
func EndAll(all []*Node) {
	done := make(chan struct{})
	for _, n := range all {
		go func() {
			n.End()
			done <- struct{}{}
		}()
	}
	for range all {
		<-done
	}
}
