// Proved by TestShareOfALoop, TestPauseBetweenTicks, TestPortInUse and TestDrainUnderLoad.

package loop

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/bayeux"
	"halley/bayeux/rules"
	"halley/loop/bus"
	"halley/loop/front"
	"halley/loop/interest"
	"halley/loop/sequence"
	"halley/loop/socket"
)

// ErrClosed means that the server does not run, or drains.
var ErrClosed = errors.New("server is not running")

// MaxLoops is how many event loops a server may have.
const MaxLoops = interest.MaxLoops

// Server is a Comet server: event loops that own every public socket, each with
// its sessions and subscriptions. Its methods may be called from any goroutine.
type Server struct {
	gnet.BuiltinEventEngine

	cfg    Config
	link   bus.Link // to other loops
	rules  rules.Rules
	front  *front.Front
	wanted []string // header fields that go with the authority's questions

	start    time.Time
	clock    func(time.Duration) int64 // milliseconds of the wall clock so long after the start
	interest *interest.Index
	browsers *browsers
	rates    *rates          // of handshakes
	local    *sequence.Local // the server opens, runs and closes it
	log      sequence.Log    // the same, to publish to and read from
	writable *socket.Writable
	cover    func(*socket.Plain) socket.Socket // what connections are beside plain; nil for nothing
	memory   *memory
	census   *census
	health   health

	engine    engine
	addresses []string
	reactors  []*reactor
	bound     atomic.Pointer[[]*reactor] // those whose event loop is known
	binding   sync.Mutex
	homes     atomic.Int32 // how many have ever been in bound

	connections atomic.Int64
	accepted    atomic.Uint64
	refused     atomic.Uint64
	published   atomic.Uint64 // through Publish
	congested   atomic.Int32  // mailboxes over their limit
	ready       atomic.Bool
	booted      chan struct{}
	helper      chan *task
	hurried     chan struct{}  // a loop has come into a hurry
	tickPosted  []atomic.Int64 // when the tick that a loop has not run was posted
}

// New checks cfg and returns a server that is ready to Run, without touching the
// history file, which another one may use still. An error names the flag to change.
func New(cfg Config) (*Server, error) {
	if cfg.Loops == 0 {
		cfg.Loops = min(runtime.GOMAXPROCS(0), MaxLoops)
	}
	s := &Server{
		cfg:      cfg,
		start:    time.Now(),
		interest: interest.New(),
		browsers: newBrowsers(),
		rates:    newRates(cfg.HandshakeRate),
		booted:   make(chan struct{}),
		helper:   make(chan *task, 4*MaxLoops),
		hurried:  make(chan struct{}, 1),
	}
	s.clock = func(since time.Duration) int64 { return s.start.UnixMilli() + since.Milliseconds() }
	if err := s.configure(); err != nil {
		return nil, err
	}
	if cfg.Authority != nil {
		s.wanted = cfg.Authority.Fields()
	}
	s.local, s.memory = newLocal(s), newMemory(s)
	s.log = s.local
	for id := range s.cfg.Loops {
		s.reactors = append(s.reactors, newReactor(s, uint16(id), s.now()))
	}
	s.link = s.newLink()
	s.engine.pause = restartPause
	s.census = newCensus(s.cfg.Loops)
	s.tickPosted = make([]atomic.Int64, s.cfg.Loops)
	s.bound.Store(new([]*reactor))
	return s, nil
}

// now is the wall clock at the start plus the monotonic time since, in
// milliseconds: it never goes back.
func (s *Server) now() int64 { return s.clock(time.Since(s.start)) }

// newLink returns the link of this server's loops to each other.
func (s *Server) newLink() bus.Link {
	local := &bus.Local{Node: s.cfg.node}
	for _, r := range s.reactors {
		local.Boxes = append(local.Boxes, r.box)
	}
	return local
}

// place is where a loop of this server is.
func (s *Server) place(loop uint16) bayeux.Place { return bayeux.Place{Node: s.cfg.node, Loop: loop} }

func (s *Server) coreConfig(id uint16) bayeux.Config {
	limits := s.cfg.Settings.Limits
	limits.MaxSessions = max(1, limits.MaxSessions/s.cfg.Loops)
	return bayeux.Config{
		Place:         s.place(id),
		Timing:        s.cfg.Timing,
		Dialect:       s.cfg.Dialect,
		Limits:        limits,
		QueueLimits:   s.cfg.QueueLimits,
		MultiInterval: multiInterval,
		TurnWork:      s.cfg.TurnWork,
		MaxAsks:       maxAsks,
		MaxAhead:      s.ahead() + s.cfg.MaxMessage + frameCost, // see bus.Flow
		MaxMessage:    s.cfg.MaxMessage,
		NoCallback:    !s.cfg.CallbackPolling,
		Hosts:         s.cfg.AdvertiseHosts,
		Rules:         s.rules,
		Durable:       s.cfg.HistoryFile != "",
		Authority:     s.cfg.Authority,
		Browsers:      s.browsers,
		Congested:     func() bool { return s.congested.Load() > 0 || s.memory.refuses() },
		Crowded:       s.memory.refuses,
		Random:        func(p []byte) { rand.Read(p) },
	}
}

// ahead is how many bytes a client may send ahead of a reply.
func (s *Server) ahead() int { return s.cfg.MaxHeader + s.cfg.MaxMessage }

const (
	multiInterval = 2 * time.Second // what CometD advises a browser's second tab
	maxAsks       = 10000
)

// Run listens and serves until ctx is done, then drains and returns.
func (s *Server) Run(ctx context.Context) error {
	urls, err := s.resolve()
	if err != nil {
		return err
	}
	if err := s.local.Open(); err != nil {
		return err
	}
	defer s.closeHistory()
	if s.writable, err = socket.NewWritable(s.outputMoves); err != nil {
		return err
	}
	// The helpers of the loops work until the engine has ended, a drain included.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	s.memory.life = serving
	s.memory.fit(s.memory.used())
	var group sync.WaitGroup
	defer group.Wait()
	defer s.writable.Close()
	defer end()
	group.Go(s.writable.Run)
	group.Go(func() { s.help(serving) })
	group.Go(func() { s.beat(serving) })
	group.Go(func() { s.local.Run(serving) })
	group.Go(func() { s.drainWhenDone(ctx, serving.Done()) })
	return s.runEngine(ctx, urls)
}

func (s *Server) closeHistory() {
	if err := s.local.Close(); err != nil {
		s.cfg.Log.Error("history file", "error", err)
	}
}

// beat posts a tick to every loop that has run its last one.
func (s *Server) beat(ctx context.Context) {
	timer := time.NewTimer(tickEvery)
	defer timer.Stop()
	var memory memoryWatch
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.hurried:
		}
		s.memory.look(ctx, s.now())
		if memory.due(s.connections.Load(), s.now()) {
			s.trim()
		}
		for _, r := range *s.bound.Load() {
			if s.tickPosted[r.id].CompareAndSwap(0, s.now()) && !r.execute(&r.tickTask) {
				s.tickPosted[r.id].Store(0) // its engine has ended meanwhile
			}
		}
		timer.Reset(s.pause())
	}
}

// calmTick is the time between two ticks while no loop is in a hurry. Each tick
// wakes every loop, and the runtime's monitor for many times as long as it takes:
// with ticks of 100 ms that alone would be most of what idle polls cost.
const calmTick = 300 * time.Millisecond

// pause is the time until the next tick.
func (s *Server) pause() time.Duration {
	for _, r := range *s.bound.Load() {
		if r.hurry.Load() || s.memory.near.Load() {
			return tickEvery
		}
	}
	return calmTick
}

// help posts tasks for loops that must not post them themselves: a task that
// posts itself again would keep its loop from its sockets for ever.
func (s *Server) help(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-s.helper:
			t.reactor.execute(t)
		}
	}
}

// later runs t after its loop has looked at its sockets again.
func (s *Server) later(t *task) { s.helper <- t }

// Addresses returns the addresses that the server listens on, with the port
// that the system chose for port 0. It waits until they are known.
func (s *Server) Addresses() []string {
	<-s.booted
	return s.addresses
}

// Ready tells whether the server takes new clients: not before it listens, and
// not while it drains.
func (s *Server) Ready() bool { return s.ready.Load() }
