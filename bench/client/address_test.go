package client

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestSourcesSpreadOverLoopback(t *testing.T) {
	a, err := resolve("127.0.0.1:80", 600)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[4]byte]bool{}
	for i := range 1200 {
		address := a.source(i).Addr
		if address[0] != 127 || address[3] == 0 || address[3] == 255 {
			t.Fatalf("source %d is %v", i, address)
		}
		seen[address] = true
	}
	if len(seen) != 600 {
		t.Errorf("%d different addresses, want 600", len(seen))
	}
}

func TestResolve(t *testing.T) {
	for host, want := range map[string]struct{ family, sources int }{
		"127.0.0.1:1": {unix.AF_INET, 9}, "192.0.2.1:1": {unix.AF_INET, 0}, "[2001:db8::1]:1": {unix.AF_INET6, 0},
	} {
		a, err := resolve(host, 9)
		if err != nil || a.family != want.family || a.sources != want.sources {
			t.Errorf("%s: family %d, sources %d, %v", host, a.family, a.sources, err)
		}
	}
	if _, err := resolve("127.0.0.1:none", 1); err == nil {
		t.Error("a port that is none was resolved")
	}
}

func TestTargets(t *testing.T) {
	one, err := newTargets(&Config{URL: "http://127.0.0.1:1/bayeux", Sources: 9})
	if err != nil || one.of(publish) != &one.bayeux || one.outside(publish) || one.bayeux.address.sources != 9 {
		t.Errorf("%+v, %v", one, err)
	}
	two, err := newTargets(&Config{URL: "http://127.0.0.1:1/bayeux", PublishURL: "http://127.0.0.1:2/publish", Sources: 9})
	if err != nil || two.of(publish) != &two.internal || two.of(connect) != &two.bayeux || !two.outside(publish) || two.internal.address.sources != 0 {
		t.Errorf("%+v, %v", two, err)
	}
}
