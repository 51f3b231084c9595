package loop

// Proved by TestSteeringByAddress, TestSteeringBegins and TestTakeOverOfASteeredServer.

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"

	"halley/loop/listen"
)

// steering has the kernel give all connections of one address to one loop, so that a client's requests come to the loop of its
// session, by whichever of its connections. A listener of a proxy's, or that gnet did not open, is none of its business.
type steering struct {
	*shared
	own func(listen.Listener) (*os.File, error) // one of the engine's sockets at an address

	key     listen.Key
	balance *listen.Balance
	look    chan struct{} // the balance is to be looked at
	on      atomic.Bool

	mu     sync.Mutex
	serves bool // there is an engine, whose sockets are open
	given  bool // to a successor, who steers now
	lacks  error
	before map[int]int // sockets of a predecessor that stand before ours, by the number of the listener
}

func newSteering(s *shared) *steering {
	return &steering{shared: s, key: listen.Key(rand.Uint32()), balance: listen.NewBalance(s.cfg.Loops),
		look: make(chan struct{}, 1), before: make(map[int]int)}
}

// decides tells whether it depends on what connections there are.
func (s *steering) decides() bool {
	return s.cfg.Steer == SteerAuto && s.cfg.Loops > 1 && !s.trust.Any()
}

// takes tells whether the connections of a listener go by their address.
func takes(l listen.Listener) bool { return l.Network == listen.TCP && !l.Proxy }

// place is where a connection from peer, by a listener, would go by its address; false if it does not count.
func (s *steering) place(listener int, peer netip.AddrPort) (loop int, counts bool) {
	if !peer.IsValid() || !s.decides() || !takes(s.listeners[listener]) {
		return 0, false
	}
	return s.key.Of(peer.Addr(), s.cfg.Loops), true
}

// opened counts a connection that has come.
func (s *steering) opened(listener int, peer netip.AddrPort) {
	if loop, counts := s.place(listener, peer); counts && s.balance.Opened(loop) {
		select {
		case s.look <- struct{}{}:
		default:
		}
	}
}

// closed counts one less.
func (s *steering) closed(listener int, peer netip.AddrPort) {
	if loop, counts := s.place(listener, peer); counts {
		s.balance.Closed(loop)
	}
}

// run looks at the balance, whenever that may have changed, until ended.
func (s *steering) run(ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-s.look:
			s.weigh()
		}
	}
}

// weigh begins or ends to steer, as the balance wants it.
func (s *steering) weigh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.on.Load()
	if s.lacks != nil || s.given || !s.serves || s.balance.Holds(before) == before {
		return
	}
	s.on.Store(!before)
	if s.apply(); s.lacks == nil {
		s.cfg.Log.Info("new connections are spread over the event loops otherwise", "byAddress", !before)
	}
}

// begins is called when an engine listens.
func (s *steering) begins() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serves = true
	if s.cfg.Steer == SteerOn && s.cfg.Loops > 1 && s.lacks == nil {
		s.on.Store(true)
	}
	if s.on.Load() {
		s.apply()
	}
}

// ends is called before the engine's sockets close.
func (s *steering) ends() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serves = false
}

// give leaves the choice to a successor, whose sockets come into the same groups.
func (s *steering) give() { s.setGiven(true) }

// takeBack chooses again, since the successor has gone.
func (s *steering) takeBack() { s.setGiven(false) }

func (s *steering) setGiven(given bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given = given; s.on.Load() && s.serves {
		s.apply()
	}
}

// succeed has new connections come to this server alone, though sockets of a predecessor stand before its own.
func (s *steering) succeed(old map[int][]net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, sockets := range old {
		s.before[number] = len(sockets)
	}
	if err := s.applyTo(); err != nil {
		s.cfg.Log.Warn("new connections come by the predecessor's sockets for a while", "error", err)
	}
}

// retire closes the sockets of the predecessor. Each that closes gives its place in the group to the last one; so the first
// one behind them stays one of this server's, as long as it has as many. Ours are in another order then, but stay in it.
func (s *steering) retire(old map[int][]net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, sockets := range old {
		if !s.serves {
			return
		}
		own, err := s.own(s.listeners[number])
		if err != nil {
			s.cfg.Log.Warn("sockets of the predecessor stay", "error", err)
			continue
		}
		_ = listen.Steer(own, listen.Random(len(sockets), 1))
		for _, socket := range sockets {
			socket.Close()
		}
		delete(s.before, number)
		_ = s.choose(own, number)
		own.Close()
	}
}

// apply has the kernel choose as it is to, and gives it up where the kernel cannot.
func (s *steering) apply() {
	if s.lacks = s.applyTo(); s.lacks != nil {
		s.on.Store(false)
		s.cfg.Log.Warn("--steer: new connections go to any event loop, since the system does not choose by address", "error", s.lacks)
	}
}

// applyTo does so for every listener.
func (s *steering) applyTo() error {
	for number, l := range s.listeners {
		if l.Network != listen.TCP {
			continue
		}
		own, err := s.own(l)
		if err != nil {
			return err
		}
		err = s.choose(own, number)
		own.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// choose has the kernel choose for the group of a listener.
func (s *steering) choose(own *os.File, number int) error {
	before, count := s.before[number], s.cfg.Loops
	switch {
	case s.on.Load() && !s.given && takes(s.listeners[number]):
		return listen.Steer(own, s.key.ByAddress(before, count))
	case before > 0:
		return listen.Steer(own, listen.Random(before, count))
	}
	_ = listen.Unsteer(own) // which fails if nobody steers
	return nil
}
