//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"halley/bayeux/client"
	bench "halley/bench/client"
)

// Certificates, API keys and rules change together under thousands of held polls, by one signal: the new ones hold, no poll
// is dropped, and all sessions go on. Where all three files are bad, all three parts stay as they were.
func TestEverythingReloadsUnderHeldPolls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	secure := freeAddress(t)
	r := &reloaded{folder: t.TempDir(), secure: secure}
	first, second := signed(t, "first"), signed(t, "second")
	write(t, r.file("ca"), string(first.cert)+string(second.cert), 0o600)
	r.write(t, first, "orders-key-of-before", "/nobody publish=internal")
	r.listen, r.internal, r.key = freeAddress(t), freeAddress(t), operatorKey
	r.flags = []string{"--tls-listen=" + secure, "--tls-cert=" + r.file("cert"), "--tls-key=" + r.file("key"), "--internal-keys=" + r.file("keys"),
		"--config=" + r.file("config"), "--hold=10m", "--handshake-storm=0"}
	r.start(t, ctx)
	defer func() { r.kill() }()

	f := startFleet(t, "https://"+secure+"/bayeux", r.file("ca"))
	f.fleet.Ramp(heldPolls, 0)
	f.until(t, ctx, "held polls", func(p bench.Progress) bool { return p.Held == heldPolls })
	r.holds(t, ctx, first, "orders-key-of-before", "orders-key-of-after", true)
	before := r.sessions(t, ctx)

	r.write(t, second, "orders-key-of-after", "/talk publish=internal")
	r.signal(t, syscall.SIGHUP)
	r.holds(t, ctx, second, "orders-key-of-after", "orders-key-of-before", false)
	for _, name := range []string{"cert", "keys", "config"} {
		write(t, r.file(name), "something else", 0o600)
	}
	r.signal(t, syscall.SIGHUP)
	for _, part := range []string{"certificates", "internal-keys", "configuration"} {
		eventually(t, ctx, "the log to tell of "+part, func() bool { return r.keeps(part) })
	}
	r.holds(t, ctx, second, "orders-key-of-after", "orders-key-of-before", false)

	if held := r.figure(t, ctx, "halley_held_polls"); held != heldPolls {
		t.Errorf("%v polls are held", held)
	}
	f.publish(t, ctx)
	after := r.sessions(t, ctx)
	for id := range before {
		if !after[id] {
			t.Fatalf("session %s has ended, one of %d", id, len(before))
		}
	}
}

// operatorKey is the key by which the test reads lists and figures, the same all the time.
const operatorKey = "operator-key-0123456789"

// reloaded is a server that reads its files again.
type reloaded struct {
	mortal
	folder, secure string
}

func (r *reloaded) file(name string) string { return filepath.Join(r.folder, name) }

// write changes all files: the certificate, the key of a back-end, and a rule.
func (r *reloaded) write(t *testing.T, host identity, key, rule string) {
	t.Helper()
	config, err := json.Marshal(map[string]any{"rule": []string{rule}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.file("config"), string(config), 0o600)
	write(t, r.file("keys"), fmt.Sprintf("operator %s listings metrics\norders %s publish=/**\n", operatorKey, key), 0o600)
	host.into(t, r.file("cert"), r.file("key"))
}

// holds waits until one certificate is served, one key of a back-end is good and the other one is not, and clients may or may
// not publish to /talk.
func (r *reloaded) holds(t *testing.T, ctx context.Context, host identity, good, bad string, talks bool) {
	t.Helper()
	trusting := &tls.Config{RootCAs: host.pool(), MinVersion: tls.VersionTLS12}
	eventually(t, ctx, "the certificate", func() bool {
		conn, err := (&tls.Dialer{Config: trusting}).DialContext(ctx, "tcp", r.secure)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	c, err := client.New("https://"+r.secure+"/bayeux", client.Options{TLS: trusting})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	eventually(t, ctx, "the keys", func() bool { return r.asked(ctx, good) == "" && strings.Contains(r.asked(ctx, bad), "401") })
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "the rule", func() bool { return (c.Publish(ctx, "/talk", json.RawMessage("1")) == nil) == talks })
	if err := c.Disconnect(ctx); err != nil {
		t.Error(err)
	}
}

// keeps tells whether the log says that a part could not be read and stays as it was.
func (r *reloaded) keeps(part string) bool {
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		if strings.Contains(line, "stays in force") && strings.Contains(line, part) {
			return true
		}
	}
	return false
}

// asked is what the server says to a publish with a key, empty if it takes it.
func (r *reloaded) asked(ctx context.Context, key string) string {
	other := mortal{internal: r.internal, key: key}
	if _, err := other.ask(ctx, "POST", "/publish", `{"channel":"/orders","data":1}`); err != nil {
		return err.Error()
	}
	return ""
}

// sessions are the ids of all sessions.
func (r *reloaded) sessions(t *testing.T, ctx context.Context) map[string]bool {
	t.Helper()
	text, err := r.get(ctx, fmt.Sprint("/sessions?limit=", 2*heldPolls))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Sessions []struct {
			ID string `json:"id"`
		} `json:"sessions"`
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for _, s := range list.Sessions {
		ids[s.ID] = true
	}
	if len(ids) < heldPolls {
		t.Fatalf("%d sessions are listed", len(ids))
	}
	return ids
}
