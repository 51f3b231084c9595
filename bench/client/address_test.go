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
	one, err := newTargets(&Config{URLs: []string{"http://127.0.0.1:1/bayeux"}, Sources: 9})
	if err != nil || one.of(0, publish) != &one.bayeux[0] || one.outside(publish) || one.bayeux[0].address.sources != 9 {
		t.Errorf("%+v, %v", one, err)
	}
	two, err := newTargets(&Config{URLs: []string{"http://127.0.0.1:1/bayeux"}, PublishURLs: []string{"http://127.0.0.1:2/publish"}, Sources: 9})
	if err != nil || two.of(0, publish) != &two.internal[0] || two.of(0, connect) != &two.bayeux[0] || !two.outside(publish) || two.internal[0].address.sources != 0 {
		t.Errorf("%+v, %v", two, err)
	}
}

// Subscribers are dealt out to the nodes by their numbers in the whole run, publishers by theirs; publishes may go elsewhere.
func TestTargetsOfNodes(t *testing.T) {
	names := []string{"http://127.0.0.1:1/bayeux", "http://127.0.0.2:1/bayeux", "http://127.0.0.3:1/bayeux"}
	targets, err := newTargets(&Config{URLs: names, PublishURLs: []string{"http://127.0.0.4:2/publish", "http://127.0.0.5:2/publish"}, First: 4, Subscribers: 3})
	if err != nil {
		t.Fatal(err)
	}
	for session, want := range []string{"127.0.0.2:1", "127.0.0.3:1", "127.0.0.1:1", "127.0.0.1:1", "127.0.0.2:1"} {
		if got := targets.of(int32(session), connect).endpoint.Host; got != want {
			t.Errorf("session %d goes to %s, not to %s", session, got, want)
		}
	}
	for session, want := range map[int32]string{3: "127.0.0.4:2", 4: "127.0.0.5:2", 5: "127.0.0.4:2"} {
		if got := targets.of(session, publish).endpoint.Host; got != want {
			t.Errorf("publisher of session %d goes to %s, not to %s", session, got, want)
		}
	}
	for _, bad := range []Config{{}, {URLs: []string{names[0], "nowhere"}}, {URLs: names, PublishURLs: []string{"nowhere"}}} {
		if _, err := newTargets(&bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
