// Proved by TestConfigErrors, TestCoreConfig, TestPortInUse and TestAllAddressesAreOfBothFamilies.

package loop

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"

	"halley/bayeux/rules"
	"halley/loop/address"
	"halley/loop/front"
	"halley/loop/listen"
	"halley/loop/settings"
)

// Files that are kept back from public connections: at the limit of open files
// gnet would stop as a whole.
const (
	// ReservedFiles is how many those are, beside one for each event loop.
	ReservedFiles = 256
	// InternalFiles is how many of them the internal listener's connections may
	// have; those of its health checks, listeners, epoll, the history file and logs
	// have the others.
	InternalFiles = 200
)

// hostPort is a name or address with or without a port.
var hostPort = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// configure checks the configuration and fills in what it leaves open. It returns what decides about requests of the
// public listener after what has decided before, and the channel rules.
func configure(cfg *Config, before *front.Front) (decides *front.Front, list rules.Rules, err error) {
	fitMemory(cfg)
	if err = settings.Check(&cfg.Settings); err != nil {
		return nil, nil, err
	}
	if decides, err = newFront(cfg, before); err != nil {
		return nil, nil, err
	}
	for _, text := range cfg.Rules {
		rule, err := rules.Parse(text, cfg.Channel)
		if err != nil {
			return nil, nil, fmt.Errorf("--rule: %w", err)
		}
		list = append(list, rule)
	}
	return decides, list, check(cfg)
}

// check checks names, addresses and the history file, and fits the limit of connections to that of open files.
func check(cfg *Config) error {
	for _, host := range cfg.AdvertiseHosts {
		if !hostPort.MatchString(host) {
			return fmt.Errorf("--advertise-host %q: want host or host:port", host)
		}
	}
	if err := checkPlaces(cfg); err != nil {
		return err
	}
	if _, err := address.NewTrust(cfg.Listener.Settings); err != nil {
		return err
	}
	if err := checkWire(cfg); err != nil {
		return err
	}
	return fitFiles(cfg)
}

// newFront is what decides about requests of the public listener.
func newFront(cfg *Config, before *front.Front) (*front.Front, error) {
	return front.After(before, front.Settings{
		Admission:     cfg.Admission,
		Cookie:        cfg.Cookie,
		MaxMessage:    cfg.MaxMessage,
		CountBrowsers: cfg.PollsPerBrowser > 0,
		Pages:         cfg.Pages,
	})
}

// checkPlaces checks what is found by name: addresses and the history file.
func checkPlaces(cfg *Config) error {
	if _, err := listenersOf(cfg); err != nil {
		return err
	}
	if _, err := unixMode(cfg.UnixMode); err != nil {
		return err
	}
	if len(cfg.TLSListen) > 0 && cfg.TLS == nil {
		return errors.New("--tls-listen: there is no certificate")
	}
	if cfg.Control != "" {
		if !filepath.IsAbs(cfg.Control) {
			return fmt.Errorf("--control %q: want the whole path of a socket, such as /run/halley/control", cfg.Control)
		}
		if _, err := listen.Parse("unix:" + cfg.Control); err != nil {
			return fmt.Errorf("--control: %w", err)
		}
	}
	switch {
	case cfg.Cluster == nil:
	case cfg.HistoryFile != "":
		return errors.New("--history-file: in a cluster the nodes keep the history together; leave the flag out")
	case cfg.Control != "":
		return errors.New("--control: in a cluster a node restarts while the others serve; leave the flag out")
	}
	if cfg.HistoryFile != "" {
		if err := checkHistoryFile(cfg.HistoryFile); err != nil {
			return fmt.Errorf("--history-file: %w", err)
		}
	}
	return nil
}

// listenersOf are the addresses to listen on, with what is spoken there.
func listenersOf(cfg *Config) ([]listen.Listener, error) {
	list, err := listen.ParseAll(cfg.Listen, cfg.TLSListen)
	if err == nil {
		err = listen.Proxied(list, cfg.ProxyProtocol)
	}
	return list, err
}

// fitFiles raises the soft limit of open files to the hard one and keeps the
// limit of connections below it: at its file limit gnet stops as a whole.
func fitFiles(cfg *Config) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	room := int(min(limit.Max, 1<<30)) - ReservedFiles - cfg.Loops
	if room < 1 {
		return fmt.Errorf("the limit of open files, %d, leaves none for connections: raise it (ulimit -n)", limit.Max)
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = room
	}
	if cfg.MaxConnections < 1 || cfg.MaxConnections > room {
		return fmt.Errorf("--max-connections %d: the limit of open files, %d, allows 1 to %d (ulimit -n)",
			cfg.MaxConnections, limit.Max, room)
	}
	return nil
}
