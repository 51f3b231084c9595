package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a node knows of its cluster is printed: the others with their state, and the figures that are not zero.
func TestClusterCommand(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k" || r.URL.Path != "/cluster" {
			http.Error(w, `{"error":"no"}`, http.StatusUnauthorized)
			return
		}
		w.Write([]byte(`{"name":"halley","node":7,"address":"a :80","connected":true,"nodes":[{"node":9,"address":"c :80","state":"apart"},` +
			`{"node":8,"address":"b :80","state":"joined","draining":true,"heardMs":40}],"figures":{"cluster_nodes":2,"cluster_gaps_total":0}}`))
	}))
	defer node.Close()
	code, out, stderr := halley(t, "", "cluster", "--server="+node.URL, "--internal-key=k")
	for _, want := range []string{"node 7 (a :80) of the cluster halley, connected to NATS\n", "joined, draining  40ms ago", "\nnodes  2\n"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, %s%s; want %q in it", code, out, stderr, want)
		}
	}
	if strings.Index(out, "b :80") > strings.Index(out, "c :80") || strings.Contains(out, "gaps") {
		t.Error(out)
	}
	for _, args := range [][]string{{"--server=" + node.URL}, {"--server=http://127.0.0.1:1"}} {
		if code, _, stderr := halley(t, "", append([]string{"cluster"}, args...)...); code != 1 || stderr == "" {
			t.Errorf("%q: exit %d, %s", args, code, stderr)
		}
	}
}
