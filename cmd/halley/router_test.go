package main

import (
	"strings"
	"testing"
)

// A server passes to another one what is published here, and brings here what somebody subscribes to.
func TestRouterChain(t *testing.T) {
	t.Parallel()
	_, top, topInternal := server(t)
	low, lowEndpoint, lowInternal := server(t, "--upstream="+top, "--route=/stock/** in", "--route=/orders/** out", "--upstream-required")
	eventually(t, func() bool {
		return strings.Contains(get(t, lowInternal+"/metrics"), `halley_upstream_connected{upstream="`+top+`"} 1`)
	}, low.log)
	below := subscribe(t, lowEndpoint, lowInternal, 1, "/stock/ACME", "--count=1", "--timeout=1m")
	eventually(t, func() bool { return strings.Contains(get(t, topInternal+"/channels"), "/stock/ACME") }, low.log)
	above := start(t, "sub", "/orders/*", "--server="+top, "--count=1", "--timeout=1m")
	eventually(t, func() bool { return strings.Contains(get(t, topInternal+"/channels"), "/orders/*") }, above.log)
	for endpoint, channel := range map[string]string{top: "/stock/ACME", lowEndpoint: "/orders/1"} {
		if code, _, stderr := halley(t, "", "pub", channel, "7", "--bayeux="+endpoint); code != 0 {
			t.Fatalf("exit %d, %s", code, stderr)
		}
	}
	for _, s := range []*started{below, above} {
		if code := <-s.code; code != 0 {
			t.Errorf("exit %d", code)
		}
	}
}
