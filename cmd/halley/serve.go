package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"halley/bench/preflight"
	"halley/cmd/halley/config"
	"halley/cmd/halley/console"
	"halley/cmd/halley/feed"
	"halley/cmd/halley/internalhttp"
	"halley/cmd/halley/metrics"
	"halley/cmd/halley/reload"
	"halley/cmd/halley/traces"
	"halley/cmd/halley/web"
	"halley/loop"
	"halley/loop/access"
	"halley/loop/access/key"
	"halley/loop/listen"
	"halley/loop/secure"
)

// serveCommand runs the server.
type serveCommand struct {
	config.Serve
	doubts       []string // about the configuration
	keys         *key.Ring
	certificates *secure.Certificates // nil without TLS
	notes        console.Notes        // of the log, for the console
	traces       *traces.Traces       // nil without them
	access       *access.Access
	attendants   attendants

	configuration *configuration
	given         map[string][]net.Listener // sockets of systemd's, by name
	predecessor   *loop.Predecessor         // nil if this server takes over from none
}

// Run serves until it is told to stop and the drain is over.
func (c *serveCommand) Run(env environment, flags *kong.Context) error {
	log, level := newLog(env.stderr, &c.Serve)
	log = slog.New(c.notes.Over(log.Handler()))
	c.configuration = newConfiguration(&c.Serve, rereader(env), level, log)
	if env.settle != nil && !c.CheckConfig {
		if err := env.settle(c.TimerSlack, log); err != nil {
			return err
		}
	}
	settings := loop.Config{Settings: c.LoopSettings(), Log: log}
	if settings.Loops == 0 {
		settings.Loops = usualLoops(os.DirFS("/"))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		settings.LimitHeap = func(bytes int64) { debug.SetMemoryLimit(bytes) }
	}
	var err error
	if c.given, err = givenSockets(); err != nil {
		return err
	}
	settings.Given = c.given
	if settings.Predecessor, err = c.meetPredecessor(log); err != nil {
		return err
	}
	defer settings.Predecessor.Close()
	c.predecessor = settings.Predecessor
	if c.certificates, err = c.openCertificates(log); err != nil {
		return err
	}
	settings.TLS = c.certificates.Config()
	if c.traces, err = traces.Open(env.ctx, os.Getenv, described(), log); err != nil {
		return usageError{err}
	}
	if err := c.openAccess(&settings, log); err != nil {
		return usageError{err}
	}
	if settings.Pages, err = web.Pages(c.pages(settings)); err != nil {
		return err
	}
	if err := checkMounts(settings); err != nil {
		return usageError{err}
	}
	server, err := loop.New(settings)
	if err != nil {
		return usageError{err}
	}
	c.doubts = doubts(&c.Serve, config.Strangers(flags.Flags(), os.Environ()), server.MaxMemory())
	for _, doubt := range []string{c.keys.Exposed(), plainHook(c.Hook.URL)} {
		if doubt != "" {
			c.doubts = append(c.doubts, doubt)
		}
	}
	if open := openDoubt(&c.Serve); open != "" {
		c.doubts = append(c.doubts, open)
	}
	if unused := unusedSockets(c.given, append(append([]string{c.Internal.Address}, c.Loop.Listen...), c.Loop.TLSListen...)...); len(unused) > 0 {
		c.doubts = append(c.doubts, fmt.Sprintf("sockets were given that no flag has: %s (--listen fd:NAME)", strings.Join(unused, ", ")))
	}
	if c.CheckConfig {
		return c.print(env, flags)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(c.GcPercent)
	}
	c.configuration.apply = server.Reconfigure
	c.attendants.server = server
	defer c.traces.Start()()
	return c.serve(env, server, log)
}

// openAccess makes those who decide what clients and back-ends may do, and who are told of it.
func (c *serveCommand) openAccess(settings *loop.Config, log *slog.Logger) (err error) {
	if c.keys, err = key.Open(string(c.Internal.Key), c.Internal.Keys); err != nil {
		return err
	}
	others, err := c.attendants.openHook(&c.Serve, log)
	if err != nil {
		return err
	}
	if c.access, err = access.New(c.Access, log, others...); err != nil {
		return err
	}
	settings.Spans, settings.Authority = c.traces.Spans(), c.traces.Over(c.access.Authority())
	settings.Attendance = c.attendants.attendance(&c.Serve, c.access)
	return nil
}

// checkMounts refuses a mount that hides one page: below "/" there is none, on purpose.
func checkMounts(settings loop.Config) error {
	for _, mount := range settings.Mounts {
		path := strings.TrimRight(mount, "/")
		if _, hidden := settings.Pages(path); hidden {
			return fmt.Errorf("--mount %q: a page is there", mount)
		}
	}
	return nil
}

// pages is what the pages tell of this server.
func (c *serveCommand) pages(settings loop.Config) web.Settings {
	s := web.Settings{Hosts: settings.AdvertiseHosts, Internal: c.Internal.Address, Keyed: c.keys.Asks()}
	if len(settings.Mounts) > 0 { // without any loop.New refuses them
		s.Mount = settings.Mounts[0]
	}
	return s
}

// usualLoops is a loop for each CPU that this process may use: Go looks at its
// affinity and GOMAXPROCS, the control groups may allow less.
func usualLoops(root fs.FS) int {
	return int(min(int64(runtime.GOMAXPROCS(0)), preflight.CPUs(root), loop.MaxLoops))
}

// print writes the effective configuration.
func (c *serveCommand) print(env environment, flags *kong.Context) error {
	text, secrets, err := config.Effective(flags.Flags())
	if err != nil {
		return err
	}
	for _, name := range secrets {
		fmt.Fprintf(env.stderr, "halley serve: %s is set, and left out of what is printed\n", name)
	}
	for _, doubt := range c.doubts {
		fmt.Fprintf(env.stderr, "halley serve: %s\n", doubt)
	}
	_, err = fmt.Fprintf(env.stdout, "%s\n", text)
	return err
}

// serve runs the event loops, and beside them the internal listener and the
// demo. The internal listener stays until the drain is over, which begins when
// those who look at readiness have had the time to see that it is false.
func (c *serveCommand) serve(env environment, server *loop.Server, log *slog.Logger) error {
	living, end := context.WithCancel(context.WithoutCancel(env.ctx))
	defer end()
	if err := c.access.Start(living); err != nil {
		return usageError{err}
	}
	internal, err := c.listenInternal(server, log)
	if err != nil {
		return err
	}
	ctx, cancel := c.untilDrain(env.ctx, server, internal, log)
	defer cancel()
	var group sync.WaitGroup
	if c.Demo.On {
		market := feed.NewMarket(c.Demo.Seed, float64(c.Demo.Rate))
		group.Go(func() { demo(ctx, server, market, log) })
	}
	parts, super := reload.New(log, c.parts()...), supervisor{log}
	group.Go(func() { parts.Watch(ctx, reload.Interval) })
	group.Go(func() { reloadOn(ctx, env.hangups, parts, super) })
	group.Go(func() { super.watch(ctx, server.Alive) })
	group.Go(func() { c.successions(ctx, env.successions, log) })
	group.Go(func() { c.announce(ctx, server, internal.address(), log) })
	if c.certificates != nil {
		group.Go(func() { keepFresh(ctx, server, c.certificates) })
	}
	c.attendants.begin()
	err = server.Run(ctx)
	cancel()
	c.attendants.end()
	group.Wait()
	if ended := internal.close(); err == nil {
		err = ended
	}
	return err
}

// parts are what is read again while the server runs.
func (c *serveCommand) parts() []reload.Part {
	parts := []reload.Part{c.configuration, c.keys}
	if c.certificates != nil {
		parts = append(parts, c.certificates)
	}
	if c.attendants.hook != nil {
		parts = append(parts, c.attendants.hook.Secret())
	}
	if tokens := c.access.Tokens(); tokens != nil {
		parts = append(parts, tokens)
	}
	return parts
}

// untilDrain is a context that is done --drain-delay after told is, if somebody
// looks, or when a successor serves.
func (c *serveCommand) untilDrain(told context.Context, server *loop.Server, internal *internalListener, log *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(told))
	context.AfterFunc(told, func() {
		defer cancel()
		supervisor{log}.stopping()
		server.Retire()
		if internal == nil || !internal.listener.Watched() {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.configuration.drainDelay()):
		}
	})
	go func() {
		select {
		case <-ctx.Done():
		case <-server.HandedOver():
			server.Retire()
			internal.leave()
			cancel()
		}
	}()
	return ctx, cancel
}

// announce logs the addresses once the server listens, what strangers may do, and what
// may not be meant.
func (c *serveCommand) announce(ctx context.Context, server *loop.Server, internal string, log *slog.Logger) {
	if !listening(ctx, server) {
		return
	}
	supervisor{log}.ready()
	addresses := server.Addresses()
	log.Info("listening", "page", pageURL(server.Listeners()), "addresses", addresses, "internal", internal, "version", described())
	for _, line := range whoMay(&c.Serve) {
		log.Info(line.who, line.may...)
	}
	for _, doubt := range c.doubts {
		log.Warn(doubt)
	}
}

// listening waits until the server listens; false if ctx is done before.
func listening(ctx context.Context, server *loop.Server) bool {
	for !server.Ready() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return true
}

// pageURL is where a browser on this host finds the start page: none does by a unix socket.
func pageURL(listeners []listen.Listener) string {
	i := slices.IndexFunc(listeners, func(l listen.Listener) bool { return l.Network == listen.TCP })
	if i < 0 {
		return "none"
	}
	scheme := "http://"
	if listeners[i].TLS {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(listeners[i].Address)
	if err != nil {
		return scheme + listeners[i].Address + "/"
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + net.JoinHostPort(host, port) + "/"
}

// internalListener is the internal listener at work, or nil.
type internalListener struct {
	listener *internalhttp.Listener
	socket   net.Listener
	leavable *listen.Leavable // the socket below
	done     chan error
	stop     func()          // ends the console
	serving  context.Context // until close
	end      context.CancelFunc
}

// leave leaves new connections to a successor.
func (i *internalListener) leave() {
	if i != nil {
		i.listener.Leave()
		i.leavable.Leave()
	}
}

// openInternal listens at the address of the internal listener, or takes the socket that is given for it.
func (c *serveCommand) openInternal() (net.Listener, error) {
	if inherited := inheritedInternal(c.predecessor, c.Internal.Address); inherited != nil {
		return inherited, nil
	}
	name, given := strings.CutPrefix(c.Internal.Address, "fd:")
	if !given {
		return net.Listen(listen.NetworkOf(c.Internal.Address), c.Internal.Address)
	}
	sockets := c.given[name]
	if len(sockets) != 1 {
		return nil, fmt.Errorf("%s: %d sockets of this name were given (LISTEN_FDNAMES), want one", c.Internal.Address, len(sockets))
	}
	return sockets[0], nil
}

// listenInternal opens the internal listener, if there is to be one.
func (c *serveCommand) listenInternal(server *loop.Server, log *slog.Logger) (*internalListener, error) {
	if c.Internal.Address == "" {
		return nil, nil
	}
	opened, err := c.openInternal()
	if err != nil {
		return nil, fmt.Errorf("--internal: %w", err)
	}
	leavable := listen.NewLeavable(opened)
	server.Offer(internalSocket+" "+c.Internal.Address, leavable)
	var socket net.Listener = leavable
	if c.Internal.TLS {
		socket = tls.NewListener(socket, c.certificates.Internal())
	}
	own := c.Internal
	own.MaxPublish = maxPublish(&c.Serve, server.MaxMemory())
	var l *internalhttp.Listener
	figures := func() any { f := l.Figures(); return &f }
	sources := append(c.attendants.sources(), metrics.Source{Of: new(internalhttp.Figures), Take: figures}, c.ofCertificates(), ofTokens(c.access.Tokens()))
	options := internalhttp.Options{
		Settings:    own,
		MaxMessages: loop.MailboxMessages(c.Loop.MaxMailbox),
		MaxDepth:    c.Loop.Scanner.MaxDepth,
		Keys:        c.keys,
		Metrics:     metrics.Handler(server.Stats, sources...),
		Presence:    c.attendants.presence,
		Subject:     c.access.Subject,
		Spans:       c.traces.Spans(),
		Log:         log,
	}
	stop, err := c.startConsole(server, &options)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	l = internalhttp.New(server, options)
	i := &internalListener{listener: l, socket: socket, leavable: leavable, done: make(chan error, 1), stop: stop}
	i.serving, i.end = context.WithCancel(context.Background())
	go func() {
		if c.predecessor != nil { // it answers until this server does
			listening(i.serving, server)
		}
		err := l.Serve(socket)
		if err != nil {
			log.Error("the internal listener has ended; the server goes on without it", "error", err)
		}
		i.done <- err
	}()
	return i, nil
}

func (i *internalListener) address() string {
	if i == nil {
		return "off"
	}
	return i.socket.Addr().String()
}

// close waits a moment for requests in progress.
func (i *internalListener) close() error {
	if i == nil {
		return nil
	}
	i.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	i.end()
	err := i.listener.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // whoever is still at it is cut off
	}
	return errors.Join(err, <-i.done)
}
