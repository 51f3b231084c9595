package internalhttp

import (
	"fmt"

	"github.com/valyala/fasthttp"
)

// ClusterStatus is what GET /cluster tells of a node and of the others that it knows.
type ClusterStatus struct {
	Name      string             `json:"name"` // of the cluster
	Node      uint16             `json:"node"`
	Address   string             `json:"address"`   // of the node, for people
	Connected bool               `json:"connected"` // to NATS
	Nodes     []ClusterNode      `json:"nodes"`
	Figures   map[string]float64 `json:"figures"` // of the node, by the names of the metrics
}

// ClusterNode is another node.
type ClusterNode struct {
	Node     uint16 `json:"node"`
	Address  string `json:"address"`
	State    string `json:"state"`
	Version  int    `json:"version"` // of the protocol that both speak
	Epoch    uint32 `json:"epoch"`   // how often the two have lost each other
	Draining bool   `json:"draining"`
	Loops    int    `json:"loops"`
	HeardMs  int64  `json:"heardMs"` // since it was heard of
}

// clusterOf tells of the cluster that this server is a node of; with no status it is none.
func clusterOf(status func() ClusterStatus) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if status == nil {
			fail(ctx, fasthttp.StatusNotFound, "this server is no node of a cluster")
			return
		}
		s := status()
		if s.Nodes == nil {
			s.Nodes = []ClusterNode{}
		}
		reply(ctx, fasthttp.StatusOK, s)
	}
}

// elsewhere tells where the sessions of a node are that is not this one.
func (s ClusterStatus) elsewhere(node uint16) string {
	if node == s.Node {
		return ""
	}
	for _, n := range s.Nodes {
		if n.Node == node {
			return fmt.Sprintf(" here: ask node %d, %s", node, n.Address)
		}
	}
	return fmt.Sprintf(": node %d is not there", node)
}
