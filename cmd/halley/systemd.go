// Proved by TestNotifications, TestWatchdog, TestGivenSockets and TestNoSupervisor.

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sort"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"halley/cmd/halley/reload"
)

// supervisor is systemd, or what else has set NOTIFY_SOCKET. Without that nothing is told.
type supervisor struct{ log *slog.Logger }

// tell sends a notification (sd_notify(3)).
func (s supervisor) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("the supervisor was not told", "state", state, "error", err)
	}
}

// ready tells that everything works. The process may be another one than that which was started.
func (s supervisor) ready() { s.tell(fmt.Sprintf("MAINPID=%d\n%s", os.Getpid(), daemon.SdNotifyReady)) }

// stopping tells that the server drains.
func (s supervisor) stopping() { s.tell(daemon.SdNotifyStopping) }

// reload has the parts read again, and tells when that begins and when it is over.
func (s supervisor) reload(parts *reload.Parts) {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	parts.Reload()
	s.tell(daemon.SdNotifyReady)
}

// watch tells twice in the interval that the supervisor has set that the server is alive, while it is, until ctx is done.
func (s supervisor) watch(ctx context.Context, alive func() bool) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("the supervisor's watchdog", "error", err)
	}
	if interval <= 0 {
		return
	}
	ticker := time.NewTicker(interval / 2)
	defer ticker.Stop()
	for {
		if alive() {
			s.tell(daemon.SdNotifyWatchdog)
		} else {
			s.log.Error("the watchdog is not told that the server is alive: an event loop is stuck")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// givenSockets are the sockets that systemd listens on for this process, by name (sd_listen_fds(3)).
func givenSockets() (map[string][]net.Listener, error) {
	given := make(map[string][]net.Listener)
	for _, file := range activation.Files(true) {
		l, err := net.FileListener(file)
		if err != nil {
			return nil, fmt.Errorf("LISTEN_FDS: %s: %w", file.Name(), err)
		}
		given[file.Name()] = append(given[file.Name()], l)
		file.Close()
	}
	return given, nil
}

// unusedSockets are the names of those that no flag has.
func unusedSockets(given map[string][]net.Listener, addresses ...string) (names []string) {
	for name := range given {
		if !slices.Contains(addresses, "fd:"+name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
