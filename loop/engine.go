package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
	gneterrors "github.com/panjf2000/gnet/v2/pkg/errors"
	"golang.org/x/sys/unix"

	"halley/loop/socket"
)

// engine is gnet's, with what is needed to start it anew: any error of accept(2)
// that it does not expect ends it, though most of them go by.
type engine struct {
	mu      sync.Mutex
	current gnet.Engine
	stopped bool // by stopEngine: none must begin
	fault   atomic.Pointer[string]
	started atomic.Uint64
	bind    sync.Once     // of the current one: its loops are being bound
	pause   time.Duration // before the first new start
}

const (
	// restarts is how often in a row an engine may end of its own accord within
	// steadyAfter of its start before the server ends with it, after half a minute.
	restarts     = 10
	steadyAfter  = 10 * time.Second
	restartPause = 100 * time.Millisecond
	longestPause = 50 // times the first one
)

// runEngine serves until the engine is stopped. One that ends by itself, with all
// connections, is started anew: the sessions are here still, and their clients
// come back to them.
func (s *Server) runEngine(ctx context.Context, urls []string) error {
	pause, why := s.engine.pause, ""
	for short, first := 1, true; ; short, first = short+1, false {
		begun := time.Now()
		err := gnet.Rotate(s, urls, s.options()...)
		s.ready.Store(false)
		switch {
		case err != nil && first:
			return fmt.Errorf("--listen %v: %w", s.cfg.Listen, err)
		case s.engine.ended():
			return nil
		}
		why = s.engine.reason(err, why)
		if time.Since(begun) >= steadyAfter {
			short, pause = 1, s.engine.pause
		}
		if short > restarts {
			return fmt.Errorf("the event loops have ended %d times: %s", short, why)
		}
		s.cfg.Log.Error("the event loops have ended, and all connections with them; they are started anew", "error", why)
		s.health.trouble("event loops", why)
		s.unbind()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause*s.engine.pause)
	}
}

// ended tells whether the engine was stopped on purpose.
func (e *engine) ended() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopped
}

// reason is why the engine has ended: the fault of accept that it has logged, or
// that of the last one, which tells more than why there is no new one.
func (e *engine) reason(err error, last string) string {
	fault := e.fault.Swap(nil)
	switch {
	case fault != nil:
		return *fault
	case last != "":
		return last
	case err != nil:
		return err.Error()
	}
	return "no reason is known"
}

// note keeps the first fault of the accept that is about to end the engine.
func (e *engine) note(fault string) {
	if strings.HasPrefix(fault, "Accept()") {
		e.fault.CompareAndSwap(nil, &fault)
	}
}

// stopEngine ends the engine for good.
func (s *Server) stopEngine() {
	s.engine.mu.Lock()
	s.engine.stopped = true
	current := s.engine.current
	s.engine.mu.Unlock()
	// Stop would look every half a second whether the loops have ended. Run knows.
	asked, cancel := context.WithCancel(context.Background())
	cancel()
	err := current.Stop(asked)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, gneterrors.ErrEngineInShutdown) {
		s.cfg.Log.Error("stop", "error", err)
	}
}

// OnBoot implements gnet.EventHandler.
func (s *Server) OnBoot(current gnet.Engine) gnet.Action {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if s.engine.stopped {
		return gnet.Shutdown
	}
	s.engine.current = current
	s.engine.bind = sync.Once{}
	s.ready.Store(true)
	if s.engine.started.Add(1) == 1 {
		close(s.booted)
	}
	s.health.trouble("event loops", "")
	return gnet.None
}

// reactorOf finds the reactor of an event loop, and binds one to a loop that has
// its first connection: gnet tells of a loop only through its connections.
func (s *Server) reactorOf(loop gnet.EventLoop) *reactor {
	for _, r := range *s.bound.Load() {
		if *r.engine.Load() == loop {
			return r
		}
	}
	return s.bindTo(loop)
}

// bindTo binds the next reactor to an event loop.
func (s *Server) bindTo(loop gnet.EventLoop) *reactor {
	s.binding.Lock()
	defer s.binding.Unlock()
	bound := *s.bound.Load()
	r := s.reactors[len(bound)]
	r.engine.Store(&loop)
	r.input.poller = socket.PollerOf(loop)
	grown := append(append([]*reactor(nil), bound...), r)
	s.bound.Store(&grown)
	s.homes.Store(max(s.homes.Load(), int32(len(grown))))
	if s.engine.started.Load() > 1 {
		r.execute(&r.drainTask) // what was left to do when the last engine ended
		r.execute(&r.flushTask)
		s.engine.bind.Do(func() { go s.bindAll(len(s.reactors) - 1) })
	}
	return r
}

// isHome tells whether a loop may own sessions: one that has had a connection, of
// whichever engine. What is posted to it waits for its next one.
func (s *Server) isHome(loop uint16) bool { return int32(loop) < s.homes.Load() }

// unbind makes the reactors ready for other event loops. None runs. What the last
// ones were asked to do and have not begun is lost, so it is asked for again.
func (s *Server) unbind() {
	s.binding.Lock()
	defer s.binding.Unlock()
	s.bound.Store(new([]*reactor))
	for _, r := range s.reactors {
		r.flushPosted = false
		s.tickPosted[r.id].Store(0)
	}
}

// bindAll gives every loop of an engine that was started anew a connection, so that
// it has its reactor: those have sessions, which others have messages for. The first
// client may have come to any loop.
func (s *Server) bindAll(others int) {
	for range others + 1 {
		if err := s.bindNext(); err != nil {
			s.cfg.Log.Error("an event loop waits for its first connection", "error", err)
		}
	}
}

// binder is the context of a connection that only binds a loop.
type binder struct{}

// bindNext opens a connection of our own on the next loop, which closes it at once.
func (s *Server) bindNext() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pair[0])
	file := os.NewFile(uintptr(pair[1]), "binder")
	end, err := net.FileConn(file)
	file.Close()
	if err != nil {
		return err
	}
	s.engine.mu.Lock()
	current := s.engine.current
	s.engine.mu.Unlock()
	done, err := current.Register(gnet.NewContext(gnet.NewNetConnContext(context.Background(), end), binder{}))
	if err != nil {
		end.Close()
		return err
	}
	return (<-done).Err
}

// options are gnet's; the reasons are in ARCHITECTURE.md.
func (s *Server) options() []gnet.Option {
	return []gnet.Option{
		gnet.WithNumEventLoop(s.cfg.Loops),
		gnet.WithReusePort(true),
		gnet.WithReuseAddr(true),
		gnet.WithTCPKeepAlive(keepAlive),
		gnet.WithTCPKeepInterval(keepAliveInterval),
		gnet.WithTCPKeepCount(keepAliveCount),
		gnet.WithReadBufferCap(readBuffer),
		gnet.WithLogger(quietLogger{s.cfg.Log, s.engine.note}),
	}
}

const (
	keepAlive         = 60 * time.Second
	keepAliveInterval = 15 * time.Second
	keepAliveCount    = 3
	readBuffer        = 64 << 10
)
