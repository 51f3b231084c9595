//go:build nocluster

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A program without a cluster says so to whoever sets its flags.
func TestWithoutCluster(t *testing.T) {
	file := filepath.Join(t.TempDir(), "halley.json")
	if err := os.WriteFile(file, []byte(`{"cluster-name":"a"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{"--cluster-listen=127.0.0.1:6222", "--cluster=nats://127.0.0.1", "--import=a /a", "--feed-url=nats://127.0.0.1", "--config=" + file} {
		code, _, stderr := halley(t, "", "serve", "--check-config", arg)
		if code != 2 || !strings.Contains(stderr, "built without the cluster (nocluster)") {
			t.Errorf("%s: exit %d, %s", arg, code, stderr)
		}
	}
}
