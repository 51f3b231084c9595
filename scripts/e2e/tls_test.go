//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"halley/bayeux/client"
)

// The Go client by each connection type over TLS 1.2 and 1.3, and halley sub and pub by each transport: all have all
// messages, in order. Whom nobody has told of the certificate authority has none.
func TestGoClientsOverTLS(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	host := signed(t, "host")
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert"), filepath.Join(folder, "key")
	host.into(t, cert, key)
	secure := freeAddress(t)
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{"--tls-listen=" + secure, "--tls-cert=" + cert,
		"--tls-key=" + key, "--loops=2"}}
	s.start(t, ctx)
	defer func() { s.kill() }()
	endpoint := "https://" + secure + "/bayeux"

	var all hearers
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		var agreed, others atomic.Int64
		config := &tls.Config{RootCAs: host.pool(), MinVersion: tls.VersionTLS12, MaxVersion: version, VerifyConnection: func(state tls.ConnectionState) error {
			if agreed.Add(1); state.Version != version {
				others.Add(1)
			}
			return nil
		}}
		all = append(all, gather(t, ctx, endpoint, "/feed", 6, func(int) client.Options { return client.Options{TLS: config} })...)
		if agreed.Load() < 6 || others.Load() > 0 {
			t.Errorf("%d connections, %d of them not by %s", agreed.Load(), others.Load(), tls.VersionName(version))
		}
	}
	subs := make(map[string]*output)
	for _, transport := range []string{"long-polling", "websocket", "eventsource", "events"} {
		subs[transport] = subscribeOver(t, ctx, endpoint, transport, "--ca="+cert)
	}
	eventually(t, ctx, "halley sub by each transport", func() bool {
		text, err := s.get(ctx, "/channels/feed")
		return err == nil && strings.Contains(text, fmt.Sprintf(`"subscribers":%d`, len(all)+len(subs)))
	})
	stranger := subscribeOver(t, ctx, endpoint, "websocket")
	eventually(t, ctx, "a client that does not trust the server", func() bool { return strings.Contains(stranger.String(), "certificate") })

	const numbers = 9
	for n := range numbers {
		said, err := exec.CommandContext(ctx, binary(t), "pub", "/feed", fmt.Sprint(n), "--bayeux="+endpoint, "--ca="+cert,
			"--transport="+[]string{"long-polling", "websocket", "eventsource"}[n%3]).CombinedOutput()
		if err != nil {
			t.Errorf("pub: %v\n%s", err, said)
		}
	}
	all.judge(t, ctx, numbers)
	for transport, out := range subs {
		eventually(t, ctx, "halley sub by "+transport, func() bool { return strings.Contains(out.String(), fmt.Sprintf(`"data":%d}`, numbers-1)) })
		for n, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
			var message struct{ Data int }
			if err := json.Unmarshal([]byte(line), &message); err != nil || message.Data != n {
				t.Fatalf("%s: %s in place %d", transport, line, n)
			}
		}
	}
}

// subscribeOver starts a `halley sub` until the test ends, and returns what it prints.
func subscribeOver(t *testing.T, ctx context.Context, endpoint, transport string, flags ...string) *output {
	t.Helper()
	said := new(output)
	command := exec.CommandContext(ctx, binary(t), append([]string{"sub", "/feed", "--server=" + endpoint, "--transport=" + transport}, flags...)...)
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed, that is
	})
	return said
}
