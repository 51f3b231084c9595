package nats

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// What a stranger writes of himself does not make another line of it: else whoever reaches the port fills the log.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	l := newServerLog(slog.New(slog.NewTextHandler(&log, nil)))
	for i := range 100 {
		name := strings.Repeat(string(rune('a'+i%26)), 1+i)
		l.Errorf("%s - rid:%d - authentication error - User %q", fmt.Sprintf("127.0.0.1:%d", 40000+i), i, name)
		l.Errorf("%s - rid:%d - authentication error - User %q", fmt.Sprintf("127.0.0.1:%d", 40000+i), i, name+`" \`)
		l.Errorf("Rejecting connection, cluster name %q does not match %q", name, "halley")
	}
	l.Errorf("Route Error 'Authorization Violation'")
	l.Errorf("Route Error 'Stale Connection'")
	if got := strings.Count(log.String(), "\n"); got != 4 {
		t.Errorf("%d lines, want 4:\n%s", got, log.String())
	}
}

// A server that stores nothing any more says so in words of NATS. What is to be done stands beside them.
func TestFullDiskSaysWhatToDo(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	newServerLog(slog.New(slog.NewTextHandler(&log, nil))).Errorf("JetStream out of %s resources, will be DISABLED", "File")
	if !strings.Contains(log.String(), "start it again") {
		t.Error(log.String())
	}
}

// A line names the flag that it is about, and no other.
func TestLinesNameTheirFlag(t *testing.T) {
	t.Parallel()
	for line, flag := range map[string]string{
		`10.0.0.1:6222 - rid:9 - Router parser ERROR, state=18, i=1: proto='"TTP/1.1 400 Bad Request"...'`: "--cluster-peer",
		`10.0.0.1:6222 - rid:9 - Router parser ERROR, state=0, i=0: proto='"GET / HTTP/1.1"...'`:           "",
		`JetStream cluster stream '$G > halley-halley' has NO quorum, stalled`:                             "",
		`JetStream failed to store a msg: no space left on device`:                                         "--cluster-store",
		`Error trying to connect to route (attempt 1): dial tcp: connection refused`:                       "--cluster-peer",
	} {
		var log bytes.Buffer
		newServerLog(slog.New(slog.NewTextHandler(&log, nil))).Warnf("%s", line)
		if _, got, _ := strings.Cut(strings.TrimSpace(log.String()), " flag="); got != flag {
			t.Errorf("%s: %q, want %q", line, got, flag)
		}
	}
}

// What a node does each time that another one ends or begins is nothing to be warned of.
func TestUsualLinesAreNoWarnings(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	l := newServerLog(slog.New(slog.NewTextHandler(&log, nil)))
	l.Warnf("Metalayer blocking snapshot starting")
	l.Warnf("Catchup for stream '%s' resetting first sequence: %d on catchup request", "$G > halley", 7)
	if log.Len() > 0 {
		t.Error(log.String())
	}
}

// What NATS refuses again and again is said once in a while, with the flag that says who this node is there.
func TestRefusalsAreSaidOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := newDialer(nil, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		d.failed(&connection{}, errors.New(`nats: permissions violation: Permissions Violation for Publish to "$JS.API.STREAM.INFO.x"`))
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "flag=--cluster ") {
		t.Error(got)
	}
}
