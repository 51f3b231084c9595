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

	"halley/loop/listen"
)

// engine is gnet's, with what is needed to start it anew: any error of accept(2)
// that it does not expect ends it, though most of them go by.
type engine struct {
	shared    *shared
	loops     *loops
	listening *listeners
	health    *health
	ready     atomic.Bool   // it listens, and no drain has begun
	hosting   chan struct{} // closed when all loops run, if hosts is called
	booted    chan struct{} // closed when it has first begun to listen
	mu        sync.Mutex
	current   gnet.Engine
	over      chan struct{} // closed when the current one has ended
	lost      func()        // called then
	stopped   bool          // by stop: none must begin
	fault     atomic.Pointer[string]
	started   atomic.Uint64
	host      sync.Once     // closes hosting
	bind      sync.Once     // of the current one: its loops are being bound
	pause     time.Duration // before the first new start
}

const (
	// restarts is how often in a row an engine may end of its own accord within
	// steadyAfter of its start before the server ends with it, after half a minute.
	restarts     = 10
	steadyAfter  = 10 * time.Second
	restartPause = 100 * time.Millisecond
	bindPause    = 10 * time.Millisecond // between two looks whether there are loops
	longestPause = 50                    // times the first one
)

// run serves until the engine is stopped. One that ends by itself, with all
// connections, is started anew: the sessions are here still, and their clients
// come back to them.
func (e *engine) run(ctx context.Context, events gnet.EventHandler) error {
	pause, why := e.pause, ""
	for short, first := 1, true; ; short, first = short+1, false {
		begun := time.Now()
		err := e.listening.restore()
		if err == nil {
			err = gnet.Rotate(events, e.listening.urls, e.options()...)
		}
		e.ends()
		switch {
		case err != nil && first:
			return fmt.Errorf("--listen %v: %w", e.shared.cfg.Listen, err)
		case e.ended():
			return nil
		}
		why = e.reason(err, why)
		if time.Since(begun) >= steadyAfter {
			short, pause = 1, e.pause
		}
		if short > restarts {
			return fmt.Errorf("the event loops have ended %d times: %s", short, why)
		}
		e.shared.cfg.Log.Error("the event loops have ended, and all connections with them; they are started anew", "error", why)
		e.health.trouble("event loops", why)
		e.loops.unbind()
		if !sleep(ctx, pause) {
			return nil
		}
		pause = min(2*pause, longestPause*e.pause)
	}
}

// sleep waits, and tells whether it did to the end.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
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

// stop ends the engine for good.
func (e *engine) stop() {
	e.mu.Lock()
	e.stopped = true
	current := e.current
	e.mu.Unlock()
	// Stop would look every half a second whether the loops have ended. Run knows.
	asked, cancel := context.WithCancel(context.Background())
	cancel()
	err := current.Stop(asked)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, gneterrors.ErrEngineInShutdown) {
		e.shared.cfg.Log.Error("stop", "error", err)
	}
}

// begins notes that gnet has an engine, with the sockets of its first loop, and tells whether it is to serve.
func (e *engine) begins(current gnet.Engine) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return false
	}
	e.current, e.over = current, make(chan struct{})
	e.bind = sync.Once{}
	return true
}

// serves says that the engine serves. It is called when its connections are steered: gnet opens the sockets of the other loops soon after.
func (e *engine) serves() {
	e.ready.Store(true)
	e.listening.begun()
	if e.started.Add(1) == 1 {
		close(e.booted)
	}
	e.health.trouble("event loops", "")
}

// socketAt is a copy of one of the current engine's sockets at an address of TCP.
func (e *engine) socketAt(l listen.Listener) (*os.File, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fd, err := e.current.DupListener(listen.TCP, strings.TrimPrefix(l.URL(), "tcp://"))
	if err != nil {
		return nil, fmt.Errorf("the socket of %s: %w", l, err)
	}
	return os.NewFile(uintptr(fd), l.Address), nil
}

// ends notes that the current engine has ended, if it had begun.
func (e *engine) ends() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ready.Store(false)
	if e.over != nil {
		close(e.over)
		e.over = nil
		e.lost()
	}
}

// reactorOf finds the reactor of an event loop. With a loop's first connection the reactor does what it was asked for before,
// such as to have other rules hold. When the engine was started anew, it does what was left to do when the last engine ended,
// and all other loops are bound as soon as one is.
func (e *engine) reactorOf(loop gnet.EventLoop) *reactor {
	r, first := e.loops.bind(loop)
	switch {
	case !first:
	case e.started.Load() == 1:
		r.drainMailbox()
	default:
		r.execute(&r.wakeTask)
		r.execute(&r.flushTask)
		e.bindLoops()
	}
	return r
}

// bindLoops has all loops of the current engine bound, once.
func (e *engine) bindLoops() {
	e.bind.Do(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		go e.bindAll(e.current, e.over)
	})
}

// isHost tells whether all loops have to be known before a connection comes by them: an adopted listener needs one, and
// a hand-over all.
func (e *engine) isHost() bool {
	return len(e.listening.adopted) > 0 || e.shared.cfg.Control != "" || e.shared.cfg.Predecessor != nil
}

// hosts has the loops bound before the first connection comes. gnet calls it when all loops run, if isHost.
func (e *engine) hosts() {
	e.bindLoops()
	e.host.Do(func() { close(e.hosting) })
}

// bindAll gives every loop of an engine that was started anew a connection, so that
// it has its reactor: those have sessions, which others have messages for. The first
// client may have come to any loop.
func (e *engine) bindAll(current gnet.Engine, over <-chan struct{}) {
	for range e.loops.reactors {
		switch err := connectNext(current, over); {
		case errors.Is(err, errEnded):
			return
		case err != nil:
			e.shared.cfg.Log.Error("an event loop waits for its first connection", "error", err)
		}
	}
}

// errEnded tells that an engine has ended meanwhile.
var errEnded = errors.New("the engine has ended")

// binder is the context of a connection that only binds a loop.
type binder struct{}

// connectNext opens a connection of our own on the next loop, which closes it at once.
func connectNext(current gnet.Engine, over <-chan struct{}) error {
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
	done, err := current.Register(gnet.NewContext(gnet.NewNetConnContext(context.Background(), end), binder{}))
	if err != nil {
		end.Close()
		return err
	}
	return registered(done, over)
}

// registered waits for the registration of a connection, which gnet forgets if the engine ends before its loop has come to it.
func registered(done <-chan gnet.RegisteredResult, over <-chan struct{}) error {
	select {
	case result := <-done:
		return result.Err
	case <-over:
		return errEnded
	}
}

// options are gnet's; the reasons are in ARCHITECTURE.md.
func (e *engine) options() []gnet.Option {
	alive := e.shared.cfg.keptAlive()
	return []gnet.Option{
		gnet.WithNumEventLoop(e.shared.cfg.Loops),
		gnet.WithReusePort(true),
		gnet.WithReuseAddr(true),
		gnet.WithTCPKeepAlive(alive.Idle),
		gnet.WithTCPKeepInterval(alive.Interval),
		gnet.WithTCPKeepCount(alive.Count),
		gnet.WithReadBufferCap(readBuffer),
		gnet.WithTicker(e.isHost()),
		gnet.WithLogger(quietLogger{e.shared.cfg.Log, e.note}),
	}
}

const readBuffer = 64 << 10

// absent says why the server takes nobody, and nothing if it does.
func (e *engine) absent() string {
	if e.ready.Load() {
		return ""
	}
	select {
	case <-e.booted:
		return "draining"
	default:
		return "starting"
	}
}
