package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"halley/bench/preflight"
	"halley/cmd/halley/config"
	"halley/cmd/halley/console"
	"halley/cmd/halley/feed"
	"halley/cmd/halley/reload"
	"halley/cmd/halley/system"
	"halley/cmd/halley/traces"
	"halley/cmd/halley/web"
	"halley/loop"
	"halley/loop/access"
	"halley/loop/access/key"
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
	routing      routing
	membership   membership
	feeding      feeding
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
		if err := env.settle(c.slack(log), log); err != nil {
			return err
		}
	}
	cfg := c.loopConfig(log)
	defer func() { c.predecessor.Close() }()
	defer c.membership.close()
	if err := c.gather(env.ctx, &cfg); err != nil {
		return err
	}
	server, err := loop.New(cfg)
	if err != nil {
		return usageError{err}
	}
	c.doubts = c.allDoubts(config.Strangers(flags.Flags(), os.Environ()), server.MaxMemory())
	if c.CheckConfig {
		return c.print(env, flags)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(c.GcPercent)
	}
	c.configuration.apply = c.attendants.reconfigure
	c.attendants.server = server
	c.membership.begin(server)
	defer c.traces.Start()()
	return c.serve(env, server, log)
}

// slack is --timer-slack, for which the program starts once more: not with a configuration that it would not find again.
func (c *serveCommand) slack(log *slog.Logger) time.Duration {
	if !c.Config.Once() {
		return c.TimerSlack
	}
	log.Warn("the configuration comes by a pipe and is read once: --timer-slack is left out, and no reload will find it", "flag", "--config")
	return 0
}

// loopConfig is what the flags say of the event loops.
func (c *serveCommand) loopConfig(log *slog.Logger) loop.Config {
	cfg := loop.Config{Settings: c.LoopSettings(), Log: log}
	if cfg.Loops == 0 {
		cfg.Loops = usualLoops(os.DirFS("/"))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		cfg.LimitHeap = func(bytes int64) { debug.SetMemoryLimit(bytes) }
	}
	return cfg
}

// gather opens what the server is made of beside its event loops, and gives cfg what of it is theirs.
func (c *serveCommand) gather(ctx context.Context, cfg *loop.Config) (err error) {
	if c.given, err = system.GivenSockets(); err != nil {
		return err
	}
	if c.predecessor, err = c.meetPredecessor(cfg.Log); err != nil {
		return err
	}
	cfg.Given, cfg.Predecessor = c.given, c.predecessor
	if c.certificates, err = c.openCertificates(cfg.Log); err != nil {
		return err
	}
	cfg.TLS = c.certificates.Config()
	if c.traces, err = traces.Open(ctx, os.Getenv, described(), cfg.Log); err != nil {
		return usageError{err}
	}
	if err := c.openAccess(cfg, cfg.Log); err != nil {
		return usageError{err}
	}
	if err := c.routing.open(c.Upstream, cfg); err != nil {
		return usageError{err}
	}
	if err := c.membership.open(ctx, &c.Serve, cfg); err != nil {
		return usageError{err}
	}
	if err := c.feeding.open(&c.Serve, &c.membership, cfg); err != nil {
		return usageError{err}
	}
	if cfg.Pages, err = web.Pages(c.pages(*cfg)); err != nil {
		return err
	}
	if err := checkMounts(*cfg); err != nil {
		return usageError{err}
	}
	return nil
}

// allDoubts are what may not be meant by the configuration, with the strangers among the environment's variables.
func (c *serveCommand) allDoubts(strangers []string, maxMemory int64) []string {
	list := doubts(&c.Serve, strangers, maxMemory)
	for _, doubt := range []string{c.keys.Exposed(), c.access.Tokens().Exposed(), c.attendants.hook.Exposed(), plainHook(c.Hook.URL), openDoubt(&c.Serve), c.membership.doubt(&c.Serve), c.feeding.doubt(&c.Serve), c.unusedDoubt()} {
		if doubt != "" {
			list = append(list, doubt)
		}
	}
	return list
}

// unusedDoubt names the sockets of systemd's that no flag takes.
func (c *serveCommand) unusedDoubt() string {
	taken := slices.Concat([]string{c.Internal.Address}, c.Loop.Listen, c.Loop.TLSListen)
	unused := system.UnusedSockets(c.given, taken...)
	if len(unused) == 0 {
		return ""
	}
	return fmt.Sprintf("sockets were given that no flag has: %s (--listen fd:NAME)", strings.Join(unused, ", "))
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
	settings.Attended = c.attendants.presence.Kept
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
	parts, super := reload.New(log, c.parts()...), system.Supervisor{Log: log}
	group.Go(func() { parts.Watch(ctx, reload.Interval) })
	group.Go(func() { reloadOn(ctx, env.hangups, parts, super) })
	group.Go(func() { super.Watch(ctx, server.Alive) })
	group.Go(func() { c.successions(ctx, env.successions, log) })
	announced := make(chan struct{})
	group.Go(func() {
		defer close(announced)
		c.announce(ctx, server, internal.address(), log)
	})
	if c.certificates != nil {
		group.Go(func() { keepFresh(ctx, server, c.certificates) })
	}
	c.attendants.begin()
	c.routing.begin(server)
	left := c.join(ctx, cancel, server, announced)
	c.membership.settle(ctx)
	err = server.Run(ctx)
	cancel()
	err = errors.Join(err, left())
	c.attendants.end()
	group.Wait()
	return errors.Join(err, internal.close())
}

// join joins the server to others: its upstreams, once it serves what announced tells, and the nodes of its cluster. When it has
// ended, left leaves them, and gives the error for which it had to, if there is one.
func (c *serveCommand) join(ctx context.Context, end func(), server *loop.Server, announced <-chan struct{}) (left func() error) {
	joined, leave := context.WithCancel(context.WithoutCancel(ctx))
	var group errgroup.Group
	group.Go(func() error {
		<-announced
		c.routing.passOn(joined, server)
		return nil
	})
	group.Go(func() error {
		<-announced
		c.feeding.feed(joined, server)
		return nil
	})
	group.Go(func() error {
		err := c.membership.run(joined, server)
		if err != nil {
			end()
		}
		return err
	})
	context.AfterFunc(ctx, c.membership.drain)
	return func() error {
		leave()
		return group.Wait()
	}
}

// parts are what is read again while the server runs.
func (c *serveCommand) parts() []reload.Part {
	parts := []reload.Part{c.configuration}
	if len(c.keys.Files()) > 0 {
		parts = append(parts, c.keys)
	}
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
		system.Supervisor{Log: log}.Stopping()
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
