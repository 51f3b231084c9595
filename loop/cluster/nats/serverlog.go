package nats

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// serverLog is the log of an embedded server: what it warns of goes to ours, with the flag that it is about. It is that of what
// servers elsewhere refuse, too.
type serverLog struct {
	log *slog.Logger

	mu    sync.Mutex
	fault string               // that it does not live with
	said  map[string]time.Time // when a line was last logged
}

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, said: make(map[string]time.Time)}
}

// mostSaid is how many lines are remembered as said.
const mostSaid = 256

// hints are what lines of the log are about, by what they have in them. No flag is at fault where nodes are away. Who answers a
// node by HTTP is no other node.
func hints() [][2]string {
	return [][2]string{
		{"cluster name", "--cluster-name"}, {"Cluster Name", "--cluster-name"}, {"uthorization", "--cluster-secret-file"},
		{"uthentication", "--cluster-secret-file"}, {"TLS", "--cluster-tls-cert"}, {"tls", "--cluster-tls-cert"},
		{"to route", "--cluster-peer"}, {`'"TTP/`, "--cluster-peer"}, {"NO quorum", ""}, {"JetStream", "--cluster-store"},
	}
}

// tell logs a line unless it was just logged.
func (l *serverLog) tell(level slog.Level, format string, args []any) {
	text := fmt.Sprintf(format, args...)
	if again(l, text, time.Now()) {
		return
	}
	attrs := []any{"says", text}
	for _, hint := range hints() {
		if strings.Contains(text, hint[0]) {
			if hint[1] != "" {
				attrs = append(attrs, "flag", hint[1])
			}
			break
		}
	}
	l.log.Log(context.Background(), level, "the NATS server of this process", attrs...)
}

// refused logs what a server refuses, such as what the user of --cluster may not do, unless it was just logged.
func (l *serverLog) refused(err error) {
	if !again(l, err.Error(), time.Now()) {
		l.log.Warn("NATS refuses something", "flag", "--cluster", "error", err)
	}
}

// kind is what a line has in common with those like it: neither numbers, as of a connection, nor what is quoted, which a stranger
// may have written: else whoever reaches the port writes as many lines as names occur to him.
func kind(text string) string {
	quoted, escaped := false, false
	return strings.Map(func(r rune) rune {
		switch {
		case escaped:
			escaped = false
			return -1
		case r == '"':
			quoted = !quoted
			return r
		case quoted:
			escaped = r == '\\'
			return -1
		case r >= '0' && r <= '9':
			return -1
		}
		return r
	}, text)
}

// again tells whether a line of this kind was logged a moment ago.
func again(l *serverLog, text string, now time.Time) bool {
	key := kind(text)
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, known := l.said[key]; known && now.Sub(at) < sayEvery {
		return true
	}
	if len(l.said) >= mostSaid {
		clear(l.said)
	}
	l.said[key] = now
	return false
}

// Noticef implements server.Logger: what goes well is of interest to who looks for a fault.
func (l *serverLog) Noticef(format string, args ...any) { l.tell(slog.LevelDebug, format, args) }

// expected are the beginnings of warnings of what comes with each end and each start of a node, as that there is no leader yet.
func expected() []string {
	return []string{"Waiting for routing", "JetStream has not established contact", "Metalayer blocking snapshot", "Catchup for stream"}
}

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, args ...any) {
	level, text := slog.LevelWarn, fmt.Sprintf(format, args...)
	if slices.ContainsFunc(expected(), func(begin string) bool { return strings.HasPrefix(text, begin) }) {
		level = slog.LevelDebug
	}
	l.tell(level, "%s", []any{text})
}

// disabled is what lines have in them after which an embedded server keeps nothing of the history any more.
const disabled = "will be DISABLED"

// Errorf implements server.Logger. A peer that is not there is nothing that this node can help.
func (l *serverLog) Errorf(format string, args ...any) {
	level := slog.LevelError
	if strings.HasPrefix(format, "Error trying to connect to route") {
		level = slog.LevelWarn
	}
	l.tell(level, format, args)
	if strings.Contains(format, disabled) {
		l.log.Error("this node keeps nothing of the history any more: make room, and start it again", "flag", "--cluster-store")
	}
}

// Debugf implements server.Logger.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}

// Fatalf implements server.Logger: of others it ends the process.
func (l *serverLog) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == "" {
		l.fault = fmt.Sprintf(format, args...)
	}
}

// fatal is what the server does not live with; empty: nothing.
func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}
