// Proved by TestConfigErrors, TestCoreConfig and TestPortInUse.

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

// configure checks the configuration and fills in what it leaves open.
func (s *Server) configure() (err error) {
	s.fitMemory()
	if err = settings.Check(&s.cfg.Settings); err != nil {
		return err
	}
	if s.front, err = s.newFront(); err != nil {
		return err
	}
	for _, text := range s.cfg.Rules {
		rule, err := rules.Parse(text, s.cfg.Channel)
		if err != nil {
			return fmt.Errorf("--rule: %w", err)
		}
		s.rules = append(s.rules, rule)
	}
	for _, host := range s.cfg.AdvertiseHosts {
		if !hostPort.MatchString(host) {
			return fmt.Errorf("--advertise-host %q: want host or host:port", host)
		}
	}
	if err := s.checkPlaces(); err != nil {
		return err
	}
	return s.fitFiles()
}

// newFront is what decides about requests of the public listener.
func (s *Server) newFront() (*front.Front, error) {
	return front.New(front.Settings{
		Admission:     s.cfg.Admission,
		Cookie:        s.cfg.Cookie,
		MaxMessage:    s.cfg.MaxMessage,
		CountBrowsers: s.cfg.PollsPerBrowser > 0,
		Pages:         s.cfg.Pages,
	})
}

// checkPlaces checks what is found by name: addresses and the history file.
func (s *Server) checkPlaces() error {
	if len(s.cfg.Listen) == 0 {
		return errors.New("--listen: want at least one address")
	}
	for i, address := range s.cfg.Listen {
		if err := CheckAddress(address); err != nil {
			return fmt.Errorf("--listen %w", err)
		}
		if !strings.HasSuffix(address, ":0") && slices.Contains(s.cfg.Listen[:i], address) {
			return fmt.Errorf("--listen %q is given twice", address)
		}
	}
	if s.cfg.HistoryFile != "" {
		if err := checkHistoryFile(s.cfg.HistoryFile); err != nil {
			return fmt.Errorf("--history-file: %w", err)
		}
	}
	return nil
}

// fitFiles raises the soft limit of open files to the hard one and keeps the
// limit of connections below it: at its file limit gnet stops as a whole.
func (s *Server) fitFiles() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	room := int(min(limit.Max, 1<<30)) - ReservedFiles - s.cfg.Loops
	if room < 1 {
		return fmt.Errorf("the limit of open files, %d, leaves none for connections: raise it (ulimit -n)", limit.Max)
	}
	if s.cfg.MaxConnections == 0 {
		s.cfg.MaxConnections = room
	}
	if s.cfg.MaxConnections < 1 || s.cfg.MaxConnections > room {
		return fmt.Errorf("--max-connections %d: the limit of open files, %d, allows 1 to %d (ulimit -n)",
			s.cfg.MaxConnections, limit.Max, room)
	}
	return nil
}

// resolve turns the listen addresses into gnet's form and finds a port for 0:
// each event loop has a listener of its own, and all must have the same.
func (s *Server) resolve() (urls []string, err error) {
	for _, address := range s.cfg.Listen {
		if _, port, err := net.SplitHostPort(address); err != nil {
			return nil, fmt.Errorf("--listen %q: %w", address, err)
		} else if port == "0" {
			if address, err = freePort(address); err != nil {
				return nil, fmt.Errorf("--listen %q: %w", address, err)
			}
		} else if err := probe(address); err != nil {
			return nil, fmt.Errorf("--listen %q: %w", address, err)
		}
		s.addresses = append(s.addresses, address)
		urls = append(urls, "tcp://"+bothFamilies(address))
	}
	return urls, nil
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
