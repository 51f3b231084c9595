// Proved by TestPortInUse, TestDrainUnderLoad and TestNoGoroutineIsLeft.

package loop

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"halley/bayeux/rules"
	"halley/loop/address"
	"halley/loop/bus"
	"halley/loop/front"
	"halley/loop/hops"
	"halley/loop/listen"
	"halley/loop/metric"
	"halley/loop/sequence"
	"halley/loop/socket"
)

// Server is a Comet server: event loops that own every public socket, each with
// its sessions and subscriptions. Its methods may be called from any goroutine.
type Server struct {
	*shared
	loops

	local     *sequence.Local // the server opens, runs and closes it
	census    *census
	health    health
	engine    engine
	events    gnetEvents
	publisher publisher
	listings  listings
	listening listeners
	bequest   bequest
	steering  *steering
	moves     *moves
}

// New checks cfg and returns a server that is ready to Run, without touching the
// history file, which another one may use still. An error names the flag to change.
func New(cfg Config) (*Server, error) {
	if cfg.Loops == 0 {
		cfg.Loops = min(runtime.GOMAXPROCS(0), MaxLoops)
	}
	if cfg.Hops == nil {
		cfg.Hops = hops.New(nil)
	}
	if cfg.Cluster != nil {
		cfg.node = cfg.Cluster.Node()
	}
	decides, rules, err := configure(&cfg, new(front.Front))
	if err != nil {
		return nil, err
	}
	s := &Server{shared: newShared(cfg), census: newCensus(cfg.Loops)}
	s.front.Store(decides)
	s.rules.Store(&rules)
	s.shared.listeners, _ = listenersOf(&cfg)            // which configure has checked
	s.trust, _ = address.NewTrust(cfg.Listener.Settings) // which configure has checked
	s.loops.shared = s.shared
	s.handshakes = newHandshakes(s.shared)
	s.local = newLocal(s.shared, &s.health)
	s.memory = newMemory(&s.cfg, s.now, &s.health, (&shedder{&s.loops, s.local}).giveUp)
	s.admission.limit, s.admission.health = cfg.AdmitLag.Milliseconds(), &s.health
	s.addReactors()
	s.engine = engine{shared: s.shared, loops: &s.loops, listening: &s.listening, health: &s.health, booted: make(chan struct{}), hosting: make(chan struct{}), pause: restartPause}
	s.bequest = bequest{shared: s.shared, loops: &s.loops, local: s.local, listening: &s.listening, offered: make(map[string]listen.Filer), handed: make(chan struct{})}
	s.addSteering()
	s.events = gnetEvents{shared: s.shared, engine: &s.engine, steering: s.steering}
	s.publisher = publisher{shared: s.shared, loops: &s.loops, local: s.local}
	s.listings = listings{&s.loops}
	return s, nil
}

// addReactors makes the loops' reactors, of which none is bound yet, and the link of these to each other.
func (s *Server) addReactors() {
	local := &bus.Local{Node: s.cfg.node, Home: s.isHome}
	for id := range s.cfg.Loops {
		r := newReactor(s.shared, uint16(id), s.now())
		s.reactors = append(s.reactors, r)
		local.Boxes = append(local.Boxes, r.box)
	}
	s.joinCluster(local)
	s.bound.Store(new([]*reactor))
}

// addSteering makes what brings the connections of a client to one loop.
func (s *Server) addSteering() {
	s.steering = newSteering(s.shared)
	s.steering.own, s.bequest.steering = s.engine.socketAt, s.steering
	s.moves = newMoves(&s.loops, s.steering)
	s.engine.lost = s.moves.ended
	for _, r := range s.reactors {
		r.mover.ways = s.moves
	}
}

// joinCluster has the link and the order of sequenced channels reach further than this server.
func (s *Server) joinCluster(local *bus.Local) {
	s.link, s.log = local, s.local
	if c := s.cfg.Cluster; c != nil {
		s.link, s.log = c.Link(local), c.Log(s.local)
	}
}

// Run listens and serves until ctx is done, then drains and returns.
func (s *Server) Run(ctx context.Context) error {
	defer s.cfg.Predecessor.Close()
	var err error
	if s.listening, err = openListeners(s.shared); err != nil {
		return err
	}
	defer s.listening.close()
	defer s.handshakes.Wait()
	if err := s.openHistory(ctx); err != nil {
		return err
	}
	defer s.closeHistory()
	control, err := s.openControl()
	if err != nil {
		return err
	}
	if s.writable, err = socket.NewWritable(s.outputMoves); err != nil {
		return err
	}
	// The helpers of the loops work until the engine has ended, a drain included.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	s.memory.life = serving
	s.memory.fit(s.memory.used())
	ticks := ticks{s.shared, &s.loops}
	drainer := drainer{&s.engine, &s.loops, func() time.Duration { return s.live().DrainTimeout }, s.now, s.moved.Load}
	var group sync.WaitGroup
	defer group.Wait()
	defer s.writable.Close()
	defer end()
	group.Go(s.writable.Run)
	if s.cfg.LogRequests > 0 {
		group.Go(func() { s.requestLines.write(serving, s.cfg.Log) })
	}
	group.Go(func() { ticks.help(serving) })
	group.Go(func() { ticks.beat(serving) })
	group.Go(func() { s.moves.run(serving) })
	group.Go(func() { s.steering.run(serving.Done()) })
	group.Go(func() { s.local.Run(serving) })
	group.Go(func() { drainer.whenDone(ctx, serving.Done()) })
	if control != nil {
		group.Go(func() { s.bequest.await(serving, s.engine.hosting, control) })
	}
	if p := s.cfg.Predecessor; p != nil {
		group.Go(func() { s.succession(p).succeed(serving) })
	}
	for _, a := range s.listening.adopted {
		group.Go(func() { (&adopter{loops: &s.loops}).serve(serving, a) })
	}
	return s.engine.run(ctx, &s.events)
}

// openHistory reads the history file, or what the predecessor has left.
func (s *Server) openHistory(ctx context.Context) error {
	if p := s.cfg.Predecessor; p != nil {
		return s.succession(p).inherit(ctx)
	}
	return s.local.Open()
}

// succession is what takes over from a predecessor.
func (s *Server) succession(p *Predecessor) *succession {
	return &succession{p, s.shared, s.local, s.engine.hosting, &s.listening, s.steering, &s.bequest.over}
}

// openControl listens for a successor; nil if none is to come.
func (s *Server) openControl() (net.Listener, error) {
	if s.cfg.Control == "" {
		return nil, nil
	}
	control, err := listen.OpenUnix(s.cfg.Control, 0o600, s.cfg.Predecessor != nil)
	if err != nil {
		return nil, fmt.Errorf("--control: %w", err)
	}
	return control, nil
}

// Offer has a listening socket go to the successor, too, by a name.
func (s *Server) Offer(name string, socket listen.Filer) {
	s.bequest.mu.Lock()
	defer s.bequest.mu.Unlock()
	s.bequest.offered[name] = socket
}

// HandedOver is closed when a successor serves: this server is to drain.
func (s *Server) HandedOver() <-chan struct{} { return s.bequest.handed }

func (s *Server) closeHistory() {
	if err := s.local.Close(); err != nil {
		s.cfg.Log.Error("history file", "error", err)
	}
}

// Addresses returns the addresses that the server listens on, with the port
// that the system chose for port 0. It waits until they are known.
func (s *Server) Addresses() (addresses []string) {
	for _, l := range s.Listeners() {
		addresses = append(addresses, l.String())
	}
	return addresses
}

// Listeners are where the server listens, as Addresses.
func (s *Server) Listeners() []listen.Listener {
	<-s.engine.booted
	return s.shared.listeners
}

// Ready tells whether the server takes new clients: not before it listens, and
// not while it drains.
func (s *Server) Ready() bool { return s.engine.ready.Load() }

// Unready tells why the server should be sent no new clients; nothing, if it should.
// It may serve all the same.
func (s *Server) Unready() (reasons []string) {
	overdue := make([]time.Duration, len(s.reactors))
	for id, r := range s.reactors {
		overdue[id] = r.overdue()
	}
	return s.health.unready(s.engine.absent(), overdue)
}

// Alive tells whether all event loops are at work: none is at one turn for longer than a turn may take.
func (s *Server) Alive() bool {
	for _, r := range s.reactors {
		if r.overdue() > stuckAfter {
			return false
		}
	}
	return true
}

// Retire lets Unready say that a drain comes, while everything is served still.
func (s *Server) Retire() { s.health.retired.Store(true) }

// Publish delivers a batch to all subscribers, in order. Either all of it is
// accepted or nothing: the error is a ChannelError, ErrBusy, ErrTooLarge or ErrClosed.
// Batches that one caller publishes one after the other stay in order.
func (s *Server) Publish(batch []Publication) error {
	if !s.Ready() && !s.bequest.over.Load() {
		return ErrClosed
	}
	return s.publisher.publish(batch)
}

// Short is ErrMemory while memory is short and publishes are refused. Else it notes that
// a publish is about to take so many bytes.
func (s *Server) Short(bytes int) error {
	if s.Ready() {
		s.memory.takes(bytes, s.now())
	}
	if s.memory.refuses() {
		return ErrMemory
	}
	return nil
}

// MaxMemory is --max-memory, or what stands for it.
func (s *Server) MaxMemory() int64 { return s.memory.limit }

// Stats adds up the counters of all loops, which are asked at once. Of a loop that
// does not answer within a second the last values count, so that no sum falls.
func (s *Server) Stats() Stats {
	total := Stats{
		Uptime:        time.Since(s.start),
		Ready:         len(s.Unready()) == 0,
		Connections:   s.connections.Load(),
		MostConnected: int64(s.live().MaxConnections),
		Accepted:      int64(s.accepted.Load()),
		Refused:       int64(s.refused.Load()),
		Restarts:      max(s.engine.started.Load(), 1) - 1,
		Memory:        s.memory.used().resident(),
		MaxMemory:     s.memory.limit,
		MemoryRefused: s.memory.refused.Load(),
		SpansDropped:  s.cfg.Spans.Dropped(),
		MovesFailed:   s.moves.failed.Load(),
		Steering:      s.steering.on.Load(),
		LinesDropped:  s.requestLines.dropped.Load(),
		History:       s.local.Usage(),
		TLS:           s.handshakes.Figures(),
		Hops:          s.cfg.Hops.Figures(),
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.census.patience)
	defer cancel()
	for id, p := range s.census.take(ctx, &s.loops) {
		metric.Add(&total.Totals, &p.totals)
		p.loop.Lag = max(p.loop.Lag, s.reactors[id].overdue())
		total.Loops = append(total.Loops, p.loop)
	}
	total.Published += s.publisher.published.Load()
	total.Kept.History, total.Kept.Presence = total.History.Bytes, 0
	if s.cfg.Attended != nil {
		total.Kept.Presence = s.cfg.Attended()
	}
	return total
}

// Channels lists every channel and pattern that has subscribers, by name.
func (s *Server) Channels(ctx context.Context) ([]ChannelInfo, error) {
	return s.listings.channels(ctx)
}

// Subscribers is how many sessions are on exactly a channel or pattern, at the cost of one however many there are.
func (s *Server) Subscribers(ctx context.Context, pattern string) (int, error) {
	return s.listings.subscribers(ctx, pattern)
}

// Sessions lists at most limit sessions.
func (s *Server) Sessions(ctx context.Context, limit int) ([]SessionInfo, error) {
	return s.listings.sessions(ctx, limit)
}

// Disconnect ends the session of a clientId and tells its client. It returns
// false if there is no such session.
func (s *Server) Disconnect(ctx context.Context, id string) (bool, error) {
	return s.listings.disconnect(ctx, id)
}

// Session describes the session of a clientId, nil if there is none.
func (s *Server) Session(ctx context.Context, id string) (*SessionDetail, error) {
	return s.listings.session(ctx, id)
}

// Slow lists the connections of which the most output waits, at most so many.
func (s *Server) Slow(ctx context.Context, most int) ([]SlowClient, error) {
	return s.listings.slow(ctx, most)
}

// Top ranks the channels by what went over them since the last call, at most so many. The first call begins it, and where
// none follows for some seconds it ends: so nobody pays for it otherwise.
func (s *Server) Top(ctx context.Context, most int) ([]ChannelRate, error) {
	return s.listings.top(ctx, most)
}

// WatchChannels has watch called when a channel or pattern gets its first subscriber and when it loses its last one, from
// any goroutine, and for one pattern in this order. It must be quick, and use nothing of the server. It is to be said before Run.
func (s *Server) WatchChannels(watch func(pattern string, on bool)) { s.interest.Watch(watch) }

// KeyNeeded tells whether a channel, whose name is canonical, takes publishes of those alone who have an API key
// that names it. Publish does not ask for one: who calls it has to.
func (s *Server) KeyNeeded(name []byte) bool { return s.rulesOf(name).Publish == rules.KeyOnly }

// Kept tells whether a channel has a history.
func (s *Server) Kept(name []byte) bool { return s.rulesOf(name).History }

// Attended tells whether a rule wants it told who subscribes to a channel.
func (s *Server) Attended(name []byte) bool { return s.rulesOf(name).Presence }
