package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"
)

// A cause is told once, and again every minute with how often it has come; losses are told each, and what comes after a
// success.
func TestComplaints(t *testing.T) {
	var printed strings.Builder
	now := time.Unix(0, 0)
	c := &complaints{w: &printed, command: "halley x", now: func() time.Time { return now }}
	stale, broken := errors.New("stale"), errors.New("broken")
	says := func(err error, want string) {
		t.Helper()
		printed.Reset()
		if c.say(err); printed.String() != want {
			t.Errorf("printed %q, want %q", printed.String(), want)
		}
	}
	says(stale, "halley x: stale\n")
	for range 12 {
		now = now.Add(4 * time.Second)
		says(stale, "")
	}
	now = now.Add(12 * time.Second)
	says(stale, "halley x: stale (and 12 times more)\n")
	says(stale, "")
	says(broken, "halley x: broken\n")
	says(stale, "halley x: stale\n")
	c.forget()
	says(stale, "halley x: stale\n")
	for range 2 {
		says(client.ErrConnectionEnded, "halley x: client: the connection has ended\n")
		says(&client.DroppedError{Channels: map[string]uint64{"/a": 2}}, "halley x: client: the server dropped messages: /a 2\n")
	}
	for range 2 {
		says(client.ErrConnectionEnded, "halley x: client: the connection has ended\n")
	}
}

// A token that has expired is told of with what would help.
func TestSubTellsOfAStaleToken(t *testing.T) {
	t.Parallel()
	key, file := secretFile(t), filepath.Join(t.TempDir(), "token")
	s, endpoint, _ := server(t, "--token-keys="+key, "--token-leeway=0s")
	text := signedToken(t, key, "--sub=ann", "--subscribe=/a", "--for=6s") // in which a slow machine connects
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sub := start(t, "sub", "--server="+endpoint, "/a", "--token-file="+file)
	eventually(t, func() bool {
		return strings.Contains(sub.log.String(), "halley sub: client: handshake: 403::token_expired: --token-file needs a fresh token\n")
	}, sub.log)
	if code := sub.stop(); code != 0 {
		t.Errorf("exit %d, %s", code, sub.log)
	}
	s.stop()
}
