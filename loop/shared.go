package loop

// Proved by TestLoopsForwardToEachOther, TestBetweenTwoEngines and TestAllocations.

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/loop/address"
	"halley/loop/bus"
	"halley/loop/front"
	"halley/loop/handover"
	"halley/loop/interest"
	"halley/loop/limits"
	"halley/loop/listen"
	"halley/loop/sequence"
	"halley/loop/socket"
)

// MaxLoops is how many event loops a server may have.
const MaxLoops = interest.MaxLoops

// shared is what the loops of a server share. All else belongs to one loop.
type shared struct {
	cfg     Config                   // at the start
	running atomic.Pointer[Settings] // now: those that may change meanwhile are read here
	rules   atomic.Pointer[rules.Rules]
	link    bus.Link // to other loops
	front   atomic.Pointer[front.Front]
	wanted  []string // header fields that go with the authority's questions
	watches bool     // the authority is asked about every message of a session
	// listeners are where the server listens, by the number that connections keep. Run settles the ports.
	listeners []listen.Listener

	start     time.Time
	clock     func(time.Duration) int64 // milliseconds of the wall clock so long after the start
	interest  *interest.Index
	browsers  *browsers
	trust     address.Trust
	limits    *limits.Limits // of addresses
	sources   maphash.Seed   // of the numbers of sources of handshakes
	notices   notices
	peer      atomic.Pointer[handover.Link] // the other server of a hand-over, while there is one
	log       sequence.Log                  // of sequenced channels, to publish to and read from
	writable  *socket.Writable
	cover     func(*socket.Plain) socket.Socket // what connections are beside plain; nil for nothing
	memory    *memory
	admission admission

	handshakes *socket.Handshakes // of TLS; nil where nobody speaks it

	requestLines *requestLines // to be logged

	alive       []alive      // by loop
	passing     sync.Mutex   // what comes by other servers goes in one order, by whatever way it comes
	moved       atomic.Bool  // a successor serves: no client is to stay
	homes       atomic.Int32 // loops that have ever had a connection, the first ones
	connections atomic.Int64
	accepted    atomic.Uint64
	sockets     atomic.Uint64 // websockets that an authority was told of
	refused     atomic.Uint64
	congested   atomic.Int32  // mailboxes over their limit
	hurried     chan struct{} // a loop has come into a hurry
	helper      chan posted
}

func newShared(cfg Config) *shared {
	s := &shared{
		cfg:          cfg,
		start:        time.Now(),
		interest:     interest.New(),
		browsers:     newBrowsers(),
		limits:       limits.New(cfg.Bounds.Settings),
		sources:      maphash.MakeSeed(),
		notices:      notices{log: cfg.Log},
		alive:        make([]alive, cfg.Loops),
		hurried:      make(chan struct{}, 1),
		helper:       make(chan posted, 4*MaxLoops),
		requestLines: newRequestLines(),
	}
	s.running.Store(&s.cfg.Settings)
	s.clock = func(since time.Duration) int64 { return s.start.UnixMilli() + since.Milliseconds() }
	if cfg.Authority != nil {
		s.wanted, s.watches = cfg.Authority.Fields(), bayeux.Watches(cfg.Authority)
	}
	return s
}

// live are the settings as they are now.
func (s *shared) live() *Settings { return s.running.Load() }

// rulesOf is how a channel behaves. A loop's core has a book of its own, which is quicker.
func (s *shared) rulesOf(channel []byte) rules.Behaviour { return s.rules.Load().Of(channel) }

// posted is work that a loop wants to do later.
type posted interface{ post() }

// now is the wall clock at the start plus the monotonic time since, in
// milliseconds: it never goes back.
func (s *shared) now() int64 { return s.clock(time.Since(s.start)) }

// place is where a loop of this server is.
func (s *shared) place(loop uint16) bayeux.Place { return bayeux.Place{Node: s.cfg.node, Loop: loop} }

// ahead is how many bytes a client may send ahead of a reply.
func (s *shared) ahead() int { return s.cfg.MaxHeader + s.cfg.MaxMessage }

// isHome tells whether a loop may own sessions: one that has had a connection, of
// whichever engine. What is posted to it waits for its next one.
func (s *shared) isHome(loop uint16) bool { return int32(loop) < s.homes.Load() }

// publishTo brings an event to loops of this server.
func (s *shared) publishTo(set interest.Loops, e event.Event) {
	set.Each(func(loop uint16) {
		s.link.Send(bus.Message{To: s.place(loop), Kind: bus.Publish, Event: e})
	})
}

// later has p posted after its loop has looked at its sockets again.
func (s *shared) later(p posted) { s.helper <- p }
