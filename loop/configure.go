// Proved by TestConfigErrors, TestCoreConfig, TestPortInUse and TestAllAddressesAreOfBothFamilies.

package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"halley/bayeux/rules"
	"halley/loop/front"
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
// public listener, and the channel rules.
func configure(cfg *Config) (decides *front.Front, list rules.Rules, err error) {
	fitMemory(cfg)
	if err = settings.Check(&cfg.Settings); err != nil {
		return nil, nil, err
	}
	if decides, err = newFront(cfg); err != nil {
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
	return fitFiles(cfg)
}

// newFront is what decides about requests of the public listener.
func newFront(cfg *Config) (*front.Front, error) {
	return front.New(front.Settings{
		Admission:     cfg.Admission,
		Cookie:        cfg.Cookie,
		MaxMessage:    cfg.MaxMessage,
		CountBrowsers: cfg.PollsPerBrowser > 0,
		Pages:         cfg.Pages,
	})
}

// checkPlaces checks what is found by name: addresses and the history file.
func checkPlaces(cfg *Config) error {
	if len(cfg.Listen) == 0 {
		return errors.New("--listen: want at least one address")
	}
	for i, address := range cfg.Listen {
		if err := CheckAddress(address); err != nil {
			return fmt.Errorf("--listen %w", err)
		}
		if !strings.HasSuffix(address, ":0") && slices.Contains(cfg.Listen[:i], address) {
			return fmt.Errorf("--listen %q is given twice", address)
		}
	}
	if cfg.HistoryFile != "" {
		if err := checkHistoryFile(cfg.HistoryFile); err != nil {
			return fmt.Errorf("--history-file: %w", err)
		}
	}
	return nil
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

// resolve turns the addresses to listen on into gnet's form and finds a port for 0:
// each event loop has a listener of its own, and all must have the same.
func resolve(listen []string) (addresses, urls []string, err error) {
	for _, address := range listen {
		if _, port, err := net.SplitHostPort(address); err != nil {
			return nil, nil, fmt.Errorf("--listen %q: %w", address, err)
		} else if port == "0" {
			if address, err = freePort(address); err != nil {
				return nil, nil, fmt.Errorf("--listen %q: %w", address, err)
			}
		} else if err := probe(address); err != nil {
			return nil, nil, fmt.Errorf("--listen %q: %w", address, err)
		}
		addresses = append(addresses, address)
		urls = append(urls, "tcp://"+bothFamilies(address))
	}
	return addresses, urls, nil
}

// bothFamilies is how gnet is told to take IPv4 and IPv6 alike, as Go's own
// listeners do: it would take [::] for IPv6 alone.
func bothFamilies(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && host == "::" {
		return ":" + port
	}
	return address
}

func freePort(address string) (string, error) {
	l, err := net.Listen(Network(address), address)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// probe fails if another program listens on address: sharing the port, which
// event loops do, would otherwise hide it.
func probe(address string) error {
	reuse := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		var err error
		conn.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		})
		return err
	}}
	l, err := reuse.Listen(context.Background(), Network(address), address)
	if err != nil {
		return err
	}
	return l.Close()
}
