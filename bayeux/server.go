// Proved by TestKept, TestManyExpireTogether and bayeux/testdata/outlet-*.txt.

package bayeux

import (
	"time"

	"halley/bayeux/fanout"
	"halley/bayeux/message"
	"halley/bayeux/queue"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
	"halley/bayeux/wheel"
	"halley/bayeux/work"
)

// Config is what a Server is told once: what an operator may set, and what its loop tells it.
type Config struct {
	Place Place // of this server and its sessions

	Timing
	Dialect
	Limits // MaxSessions is this loop's share
	QueueLimits

	MultiInterval time.Duration // interval for a browser's polls beyond PollsPerBrowser
	TurnWork      int           // units of work after which a batch makes way for others; 0 sets no limit
	MaxAsks       int           // questions that wait for a verdict
	MaxAhead      int           // bytes that may wait behind one that came on the same websocket
	MaxMessage    int           // bytes of a request, which handshakes tell; 0 tells nothing
	NoCallback    bool          // callback-polling is turned off
	Hosts         []string      // by which clients may reach this server too

	// Durable says that events with a history are acknowledged to their publisher
	// only when they are stored: their Publish has a Ticket.
	Durable bool

	Rules     rules.Rules
	Authority Authority      // nil allows what the rules allow
	Browsers  Browsers       // nil counts none
	Congested func() bool    // tells that no event can be passed on now; nil: never
	Crowded   func() bool    // tells that no session or subscription can be made now; nil: never
	Random    func(p []byte) // fills p with unpredictable bytes
}

// Request says where a batch came from.
type Request struct {
	To      ReplyTo
	Browser uint64         // the browser cookie, 0 none
	Peer    uint64         // stands for whom a handshake comes from; 0 unknown
	Type    ConnectionType // the connection type that carried it
	Program bool           // nothing says that a browser sent it: it gets no cookie
	Caller  *Caller        // for the questions to an Authority; nil without one
}

const (
	wheelTick   = 100 // milliseconds
	wheelSlots  = 2048
	expiryBatch = 2000 // sessions looked at in one Tick
)

// Server is the protocol state of one event loop. It is not safe for concurrent
// use.
type Server struct {
	*work.Meter // which the loop spends units of too

	cfg      Config
	periods  periods     // of cfg
	rules    *rules.Book // of cfg.Rules
	terms    reply.Terms // of cfg
	sessions sessions
	queues   *queue.Store
	fanout   *fanout.Fanout
	lazies   lazies
	wheel    *wheel.Wheel
	stats    Stats

	dirty    addresses // sessions whose held connect or stream has something to get
	doomed   addresses // those that are to end
	expired  []uint32
	longIDs  longIDs
	offer    offer
	polls    browserPolls
	parked   map[Ticket]*parked
	backlogs backlogs
	ticket   Ticket
	behind   bool                      // see Behind
	syncs    map[uint32]reply.Timesync // of connects that are not answered yet
	joins    joins
	replays  replays
	reading  addresses // sessions whose replay may go on
	storms   storms
	grants   grants

	reader    subscriptionReader
	exchange  exchange
	resumed   message.Batch // scratch of goOn
	noise     noise
	tickSoon  int64             // until when a poll is held whose client wants it back soon
	drain     int64             // window over which clients are told to come back, 0 none
	drainFrom uint32            // slot where Drain goes on
	owed      map[Address]int64 // until when a drain waits for clients to come for the rest of their events
}

// NewServer returns a Server whose clock stands at now.
func NewServer(cfg Config, now int64) *Server {
	p, meter, book := newPeriods(&cfg), work.NewMeter(cfg.TurnWork), rules.NewBook(cfg.Rules)
	salesforce := cfg.Profile == Salesforce
	s := &Server{
		Meter:   meter,
		cfg:     cfg,
		periods: p,
		rules:   &book,
		terms: reply.Terms{Hold: p.hold, Interval: p.interval, MaxInterval: p.maxInterval, Hosts: cfg.Hosts,
			Salesforce: salesforce, Timestamp: cfg.Timestamp},
		offer:    offer{one: salesforce, callback: !cfg.NoCallback},
		reader:   subscriptionReader{work: meter, rules: &book, most: cfg.MaxSubscriptions, channel: cfg.Channel, salesforce: salesforce},
		sessions: sessions{place: cfg.Place},
		wheel:    wheel.New(wheelTick, wheelSlots, now),
		lazies:   newLazies(now),
		replays:  replays{of: make(map[uint32]*replay), rules: &book, work: meter},
		joins:    make(joins),
		backlogs: newBacklogs(),
		parked:   make(map[Ticket]*parked),
		longIDs:  make(longIDs),
		syncs:    make(map[uint32]reply.Timesync),
		owed:     make(map[Address]int64),
		polls:    browserPolls{cfg.Browsers, cfg.PollsPerBrowser},
		storms:   newStorms(cfg.HandshakeStorm, p.interval),
	}
	s.fanout = fanout.New((*recipients)(s), s.rules, meter, now)
	s.queues = queue.New(queue.Config{Settings: cfg.QueueLimits, Key: s.fanout.Key}, meter)
	var seed [8]byte
	cfg.Random(seed[:])
	s.noise.state = le64(seed[:]) | 1
	return s
}

// Disconnect ends a session from the server's side and tells its client through
// the held connect, if there is one.
func (s *Server) Disconnect(now int64, a Address, fx *Effects) bool {
	if s.sessions.find(a) == nil {
		return false
	}
	s.end(now, a.Slot, fx)
	return true
}

// end ends a session for good and tells its client to stop.
func (s *Server) end(now int64, slot uint32, fx *Effects) {
	s.endWith(now, slot, connectReply{last: reply.AdviceNone, ended: true}, fx)
}

// endWith answers a held connect with the news of the session's end, or brings it on the
// stream, and removes the session.
func (s *Server) endWith(now int64, slot uint32, last connectReply, fx *Effects) {
	r := s.sessions.At(slot)
	switch {
	case r.outlet.holds():
		s.resume(now, slot, r, last, fx)
	case r.outlet.streams() && r.outlet.state != anonymous:
		s.deliverEnd(slot, r, last, fx)
	}
	s.remove(slot, fx)
}

// Find returns the address of the session that a clientId names, if it lives here.
func (s *Server) Find(clientID []byte) (Address, bool) {
	slot, r := s.sessions.lookup(clientID)
	if r == nil {
		return Address{}, false
	}
	return s.sessions.address(slot), true
}

// remove frees a session and everything that it has.
func (s *Server) remove(slot uint32, fx *Effects) {
	r := s.sessions.At(slot)
	if r.outlet.holds() {
		s.unhold(slot, r)
	}
	if r.outlet.streams() {
		s.detach(slot, r, fx)
	}
	s.Spend(patternWork*s.fanout.Count(slot) + r.queue.Len())
	s.fanout.Leave(slot, func(pattern []byte) { s.joins.leave(pattern, fx) })
	s.lazies.wheel.Cancel(slot)
	s.polls.giveUp(r)
	s.queues.Close(&r.queue)
	delete(s.syncs, slot)
	delete(s.replays.of, slot)
	s.wheel.Cancel(slot)
	s.grants.forget(slot)
	s.sessions.Release(slot)
}

func le64(b []byte) (v uint64) {
	for i := 7; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// Trim gives back the memory of what is no more there. It is for when much has
// gone and little is going on.
func (s *Server) Trim(now int64) {
	s.sessions.Trim()
	s.fanout.Trim(now, s.sessions.Len())
	s.rules.Forget()
	if s.sessions.Len() > 0 {
		return
	}
	s.queues.Trim()
	s.wheel = wheel.New(wheelTick, wheelSlots, now)
	s.lazies, s.grants = newLazies(now), grants{}
	s.dirty, s.doomed, s.reading, s.expired = addresses{}, addresses{}, addresses{}, nil
	s.resumed = message.Batch{}
}
