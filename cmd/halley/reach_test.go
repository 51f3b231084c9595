package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"

	"halley/loop/listen"
)

// A server that comes later is waited for, one that refuses is not.
func TestPatiently(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tries, told := 0, 0
	tell := func(error) { told++ }
	err := patiently(ctx, time.Hour, tell, func(context.Context) error {
		if tries++; tries < 3 {
			return errBroken
		}
		return nil
	})
	if err != nil || tries != 3 || told != 1 {
		t.Errorf("%v after %d tries, told %d times", err, tries, told)
	}
	for _, end := range []struct {
		patience time.Duration
		err      error
	}{{0, errBroken}, {time.Hour, &client.BayeuxError{Code: 403}}, {time.Hour, &client.StatusError{Status: 403}}} {
		tries = 0
		if err := patiently(ctx, end.patience, tell, func(context.Context) error { tries++; return end.err }); !errors.Is(err, end.err) || tries != 1 {
			t.Errorf("%v after %d tries", err, tries)
		}
	}
	cancel()
	if err := patiently(ctx, time.Hour, tell, func(context.Context) error { return errBroken }); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

// A subscriber may start before its server.
func TestSubWaits(t *testing.T) {
	t.Parallel()
	address := unused(t)
	to := "--server=http://" + address + "/bayeux"
	subs := []*started{start(t, "sub", "/a", to, "--wait=1m", "--count=1"), start(t, "sub", "/a", to, "--wait=1m", "--count=1", "--transport=events")}
	for _, sub := range subs {
		eventually(t, func() bool { return strings.Contains(sub.log.String(), "refused") }, sub.log)
	}
	s, _, internal := serverAt(t, address)
	eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), `"subscribers":2`) }, s.log)
	halley(t, "", "pub", "/a", "1", "--server="+internal)
	for _, sub := range subs {
		if code := <-sub.code; code != 0 {
			t.Errorf("exit %d, %s", code, sub.log)
		}
	}
	s.stop()
}

// A server that is not there is not waited for, by whatever transport.
func TestSubGivesUp(t *testing.T) {
	t.Parallel()
	address := unused(t)
	for _, transport := range []string{"long-polling", "websocket", "eventsource", plainEvents} {
		code, _, stderr := halley(t, "", "sub", "/a", "--server=http://"+address+"/bayeux", "--transport="+transport)
		if code != 1 || !strings.Contains(stderr, "refused") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit %d, %s", transport, code, stderr)
		}
	}
}

// The internal listener may be at an address of IPv6.
func TestPublishByIPv6(t *testing.T) {
	s := start(t, "serve", "--listen=127.0.0.1:0", "--internal=[::1]:0", "--loops=1")
	eventually(t, func() bool { return strings.Contains(s.log.String(), "internal=[::1]:") }, s.log)
	_, rest, _ := strings.Cut(s.log.String(), "internal=")
	internal, _, _ := strings.Cut(rest, " ")
	if code, _, stderr := halley(t, "", "pub", "/a", "1", "--server=http://"+internal); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	s.stop()
}

// The first lines say where the page is and what strangers may do there.
func TestFirstLines(t *testing.T) {
	s, endpoint, internal := server(t, "--demo")
	eventually(t, func() bool { return strings.Count(s.log.String(), "\n") >= 2 }, s.log)
	page := strings.TrimSuffix(endpoint, "bayeux")
	for _, want := range []string{
		`"page":"` + page + `"`, `"internal":"` + strings.TrimPrefix(internal, "http://") + `"`, `"version":"halley `,
		`"publish":"all channels","subscribe":"all channels","but":["/stock/** publish=internal snapshot"]`,
	} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("no %s in %s", want, s.log)
		}
	}
	s.stop()
	for address, want := range map[string]string{
		":8080": "http://localhost:8080/", "0.0.0.0:80": "http://localhost:80/", "[::]:80": "http://localhost:80/",
		"10.0.0.1:80": "http://10.0.0.1:80/", "[::1]:80": "http://[::1]:80/", "push.example:80": "http://push.example:80/",
	} {
		if got := pageURL([]listen.Listener{{Network: listen.Unix, Address: "/s"}, {Network: listen.TCP, Address: address}}); got != want {
			t.Errorf("%s is at %s, want %s", address, got, want)
		}
	}
}

// A server has a loop for each CPU that it may use, not for each that there is.
func TestUsualLoops(t *testing.T) {
	root := host(map[string]string{})
	t.Setenv("GOMAXPROCS", "")
	if got := usualLoops(root); got < 1 || got > 256 {
		t.Errorf("%d loops", got)
	}
	root["proc/self/cgroup"], root["sys/fs/cgroup/cpu.max"] = text("0::/\n"), text("50000 100000\n")
	if got := usualLoops(root); got != 1 {
		t.Errorf("%d loops of half a CPU", got)
	}
}
