package internalhttp

import "testing"

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
