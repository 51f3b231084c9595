package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"halley/bayeux"
	"halley/bayeux/rules"
	"halley/loop/front"
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

// minHold is the shortest hold that makes sense: a timer's tick.
const minHold = tickEvery

// hostPort is a name or address with or without a port.
var hostPort = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// configure checks the configuration and fills in what it leaves open.
func (s *Server) configure() (err error) {
	s.fitMemory()
	if err = s.checkNumbers(); err != nil {
		return err
	}
	slow, ok := map[string]bayeux.Slow{
		"drop-oldest": bayeux.DropOldest, "conflate": bayeux.Conflate, "disconnect": bayeux.Disconnect,
	}[s.cfg.Slow]
	if !ok {
		return fmt.Errorf("--slow %q: want drop-oldest, conflate or disconnect", s.cfg.Slow)
	}
	s.slow = slow
	for flag, one := range map[string][]string{
		"history-sync " + s.cfg.HistorySync:        {"always", "interval", "never"},
		"history-expired " + s.cfg.HistoryExpired:  {"error", "earliest", "tip"},
		"profile " + s.cfg.Profile:                 {"", salesforce},
		"cookie-same-site " + s.cfg.CookieSameSite: {"lax", "strict", "none", "off"},
	} {
		if _, value, _ := strings.Cut(flag, " "); !slices.Contains(one, value) {
			return fmt.Errorf("--%s: want %s", flag, strings.Join(one, ", "))
		}
	}
	if s.front, err = s.newFront(); err != nil {
		return err
	}
	for _, text := range s.cfg.Rules {
		rule, err := rules.Parse(text, s.channelLimits())
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
		Mounts:          s.cfg.Mounts,
		MaxMessage:      s.cfg.MaxMessage,
		AllowOrigin:     s.cfg.AllowOrigin,
		CallbackPolling: s.cfg.CallbackPolling,
		CallbackUnnamed: s.cfg.CallbackUnnamed,
		CountBrowsers:   s.cfg.PollsPerBrowser > 0,
		CookieSameSite:  s.cfg.CookieSameSite,
		CookieSecure:    s.cfg.CookieSecure,
		Pages:           s.cfg.Pages,
	})
}

// checkPlaces checks what is found by name: addresses and the history file.
func (s *Server) checkPlaces() error {
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

// queueLimits are those of what waits for sessions and is remembered for them.
func (s *Server) queueLimits() []limit {
	return []limit{
		{"history-bytes", int64(s.cfg.HistoryBytes), 64 << 10, 1 << 40, sizes},
		{"turn-work", int64(s.cfg.TurnWork), 100, 1 << 30, counts},
		{"queue-messages", int64(s.cfg.QueueMessages), 1, 1 << 30, counts},
		{"queue-bytes", int64(s.cfg.QueueBytes), 1 << 10, 1 << 30, sizes},
		{"reply-bytes", int64(s.cfg.ReplyBytes), 4 << 10, 1 << 30, sizes},
	}
}

// limit is what a numeric flag may be.
type limit struct {
	flag       string
	value      int64
	least, max int64
	text       func(int64) string // writes a value as the flag takes it
}

// check tells whether the value is within the limit.
func (l limit) check() error {
	if l.value < l.least || l.value > l.max {
		return fmt.Errorf("--%s: %s is not between %s and %s", l.flag, l.text(l.value), l.text(l.least), l.text(l.max))
	}
	return nil
}

// counts writes a plain number.
func counts(n int64) string { return strconv.FormatInt(n, 10) }

// milliseconds writes a duration, without the zeros that Go puts at its end.
func milliseconds(n int64) string {
	text := (time.Duration(n) * time.Millisecond).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// sizes writes bytes in the largest unit that divides them.
func sizes(n int64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if factor := int64(1) << (30 - 10*i); n != 0 && n%factor == 0 {
			return counts(n/factor) + unit
		}
	}
	return counts(n)
}

func (s *Server) checkNumbers() error {
	for _, limit := range append(s.queueLimits(), []limit{
		{"loops", int64(s.cfg.Loops), 1, MaxLoops, counts},
		{"hold", s.cfg.Hold.Milliseconds(), minHold.Milliseconds(), 600_000, milliseconds},
		{"interval", s.cfg.Interval.Milliseconds(), 0, 3_600_000, milliseconds},
		{"max-inactivity", s.cfg.MaxInactivity.Milliseconds(), 0, 86_400_000, milliseconds},
		{"max-interval", s.cfg.MaxInterval.Milliseconds(), 1000, 86_400_000, milliseconds},
		{"max-message", int64(s.cfg.MaxMessage), 1 << 10, 64 << 20, sizes},
		{"max-header", int64(s.cfg.MaxHeader), 1 << 10, 1 << 20, sizes},
		{"max-header-fields", int64(s.cfg.MaxHeaderFields), 8, 10_000, counts},
		{"max-target", int64(s.cfg.MaxTarget), 256, 1 << 20, sizes},
		{"header-timeout", s.cfg.HeaderTimeout.Milliseconds(), 100, 600_000, milliseconds},
		{"body-timeout", s.cfg.BodyTimeout.Milliseconds(), 100, 600_000, milliseconds},
		{"idle-timeout", s.cfg.IdleTimeout.Milliseconds(), 100, 3_600_000, milliseconds},
		{"max-depth", int64(s.cfg.MaxDepth), 4, 1000, counts},
		{"max-batch", int64(s.cfg.MaxBatch), 1, 1 << 20, counts},
		{"max-subscriptions", int64(s.cfg.MaxSubscriptions), 1, 100_000, counts},
		{"max-channel-length", int64(s.cfg.MaxChannelLength), 16, 4096, sizes},
		{"max-channel-depth", int64(s.cfg.MaxChannelDepth), 2, 256, counts},
		{"max-sessions", int64(s.cfg.MaxSessions), 1, 1 << 31, counts},
		{"handshake-rate", int64(s.cfg.HandshakeRate), 0, 1_000_000, counts},
		{"handshake-storm", int64(s.cfg.HandshakeStorm), 0, 1_000_000, counts},
		{"max-output", int64(s.cfg.MaxOutput), 4 << 10, 1 << 30, sizes},
		{"max-mailbox", int64(s.cfg.MaxMailbox), 64 << 10, 1 << 30, sizes},
		{"max-memory", int64(s.cfg.MaxMemory), 32 << 20, 1 << 46, sizes},
		{"unsent-bytes", int64(s.cfg.UnsentBytes), 0, 1 << 30, sizes},
		{"slow-timeout", s.cfg.SlowTimeout.Milliseconds(), 1000, 3_600_000, milliseconds},
		{"heartbeat", s.cfg.Heartbeat.Milliseconds(), 100, 3_600_000, milliseconds},
		{"stream-bytes", int64(s.cfg.StreamBytes), 1 << 10, 1 << 40, sizes},
		{"stream-age", s.cfg.StreamAge.Milliseconds(), 1000, 86_400_000, milliseconds},
		{"stream-padding", int64(s.cfg.StreamPadding), 0, 64 << 10, sizes},
		{"ws-messages-per-frame", int64(s.cfg.WSMessagesPerFrame), 0, 1 << 20, counts},
		{"ws-compress-above", int64(s.cfg.WSCompressAbove), 0, 64 << 20, sizes},
		{"polls-per-browser", int64(s.cfg.PollsPerBrowser), 0, 1000, counts},
		{"drain-timeout", s.cfg.DrainTimeout.Milliseconds(), 0, 3_600_000, milliseconds},
	}...) {
		if err := limit.check(); err != nil {
			return err
		}
	}
	if len(s.cfg.Listen) == 0 {
		return errors.New("--listen: want at least one address")
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
