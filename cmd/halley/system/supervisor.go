// Package system is the program among others: its supervisor, its signals and timers, and whoever reads its log.
package system

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

// Supervisor is systemd, or what else has set NOTIFY_SOCKET. Without that nothing is told.
type Supervisor struct{ Log *slog.Logger }

// tell sends a notification (sd_notify(3)).
func (s Supervisor) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.Log.Warn("the supervisor was not told", "state", state, "error", err)
	}
}

// Ready tells that everything works. The process may be another one than that which was started.
func (s Supervisor) Ready() { s.tell(fmt.Sprintf("MAINPID=%d\n%s", os.Getpid(), daemon.SdNotifyReady)) }

// Stopping tells that the server drains.
func (s Supervisor) Stopping() { s.tell(daemon.SdNotifyStopping) }

// Reload has the parts read again, and tells when that begins and when it is over.
func (s Supervisor) Reload(parts *reload.Parts) {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	parts.Reload()
	s.tell(daemon.SdNotifyReady)
}

// Watch tells twice in the interval that the supervisor has set that the server is alive, while it is, until ctx is done.
func (s Supervisor) Watch(ctx context.Context, alive func() bool) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.Log.Warn("the supervisor's watchdog", "error", err)
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
			s.Log.Error("the watchdog is not told that the server is alive: an event loop is stuck")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// GivenSockets are the sockets that systemd listens on for this process, by name (sd_listen_fds(3)).
func GivenSockets() (map[string][]net.Listener, error) {
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

// UnusedSockets are the names of those that no flag has.
func UnusedSockets(given map[string][]net.Listener, addresses ...string) (names []string) {
	for name := range given {
		if !slices.Contains(addresses, "fd:"+name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
