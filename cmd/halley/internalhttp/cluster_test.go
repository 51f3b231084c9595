package internalhttp

import (
	"strings"
	"testing"
)

// A node tells of the others; a server that is none says so.
func TestCluster(t *testing.T) {
	newRig(t, nil).expect("GET", "/cluster", "", 404, `{"error":"this server is no node of a cluster"}`)
	status := ClusterStatus{Name: "halley", Node: 7, Address: "a :80", Connected: true, Figures: map[string]float64{"cluster_nodes": 2}}
	r := newRig(t, func(o *Options) { o.Cluster = func() ClusterStatus { return status } })
	r.expect("GET", "/cluster", "", 200, `{"name":"halley","node":7,"address":"a :80","connected":true,"nodes":[],"figures":{"cluster_nodes":2}}`)
	status.Nodes = []ClusterNode{{Node: 8, Address: "b :80", State: "joined", Version: 1, Epoch: 2, Draining: true, Loops: 3, HeardMs: 4}}
	r.expect("GET", "/cluster", "", 200, `{"name":"halley","node":7,"address":"a :80","connected":true,"nodes":[{"node":8,"address":"b :80","state":"joined",`+
		`"version":1,"epoch":2,"draining":true,"loops":3,"heardMs":4}],"figures":{"cluster_nodes":2}}`)
}

// Who asks a node for a session of another one is told where that is.
func TestSessionOfAnotherNode(t *testing.T) {
	status := ClusterStatus{Node: 7, Nodes: []ClusterNode{{Node: 8, Address: "b :80"}}}
	r := newRig(t, func(o *Options) { o.Cluster = func() ClusterStatus { return status } })
	for node, want := range map[string]string{"003g": "no such session", "0040": "no such session here: ask node 8, b :80", "004g": "no such session: node 9 is not there"} {
		for _, method := range []string{"GET", "DELETE"} {
			r.expect(method, "/sessions/"+node+strings.Repeat("0", 41), "", 404, `{"error":"`+want+`"}`)
		}
	}
}
