package socket

import (
	"container/list"
	"crypto/tls"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Settings bound what clients make the server do before they are known to speak TLS.
type Settings struct {
	TLSHandshakes       int           `name:"tls-handshakes" group:"limits" default:"0" min:"0" max:"1024" help:"TLS handshakes that are computed at once, beside the event loops; 0 is half of the CPUs, and at least one."`
	TLSHandshakeTimeout time.Duration `name:"tls-handshake-timeout" reload:"yes" group:"limits" default:"5s" min:"100ms" max:"10m" help:"From a TLS connection's start to the end of its handshake."`
}

// Handshakes works out TLS handshakes, beside the loops. Few compute at once, so that the loops have processors left; more
// have a goroutine, of which most wait for their clients; some wait for such a place; and further ones are refused.
type Handshakes struct {
	config *tls.Config
	most   int           // bytes that may come during one
	turns  chan struct{} // one for each that computes

	places  int // goroutines at most
	waiting int // of those that wait for one, at most

	mu      sync.Mutex
	working int       // goroutines
	queue   list.List // of *shaking that wait for one
	stalls  stalls
	group   sync.WaitGroup

	open    atomic.Int64
	done    atomic.Uint64
	resumed atomic.Uint64
	failed  [failures]atomic.Uint64
}

const (
	// maxWorking bounds the goroutines: a client that is slow, or stalls, has one until its deadline.
	maxWorking = 1024
	// maxQueued bounds the handshakes that wait for one of these.
	maxQueued = 4096
)

// NewHandshakes makes one that computes at most so many handshakes at once, during each of which at most so many bytes may
// come.
func NewHandshakes(config *tls.Config, atOnce, bytes int) *Handshakes {
	return &Handshakes{config: http1(config), most: bytes, turns: make(chan struct{}, atOnce), places: maxWorking, waiting: maxQueued,
		stalls: stalls{patience: stallPatience}}
}

// http1 has config choose HTTP/1.1. Protocols that are not HTTP stay as they are. Config is changed in place: its owner may
// rotate its keys, of which a copy would not know.
func http1(config *tls.Config) *tls.Config {
	if names := onlyHTTP1(config.NextProtos); !slices.Equal(names, config.NextProtos) {
		config.NextProtos = names
	}
	choose := config.GetConfigForClient
	if choose == nil {
		return config
	}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		chosen, err := choose(hello)
		if err != nil || chosen == nil {
			return chosen, err
		}
		if names := onlyHTTP1(chosen.NextProtos); !slices.Equal(names, chosen.NextProtos) {
			chosen = chosen.Clone()
			chosen.NextProtos = names
		}
		return chosen, nil
	}
	return config
}

// http11 is HTTP/1.1 among application protocols (RFC 7301).
const http11 = "http/1.1"

// onlyHTTP1 is protocols with HTTP/1.1 as the only HTTP.
func onlyHTTP1(protocols []string) []string {
	only := []string{http11}
	for _, name := range protocols {
		if name != "h2" && name != http11 {
			only = append(only, name)
		}
	}
	return only
}

// begin gives s a goroutine, or has it wait for one. False means that too many wait.
func (h *Handshakes) begin(s *shaking) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.working < h.places:
		h.working++
		h.group.Add(1)
		go h.serve(s)
	case h.queue.Len() < h.waiting:
		s.place = h.queue.PushBack(s)
		h.lookSoon()
	default:
		return false
	}
	return true
}

// serve runs s, and then who waits, until nobody does.
func (h *Handshakes) serve(s *shaking) {
	defer h.group.Done()
	for s != nil {
		s.run()
		s = h.next()
	}
}

// next takes who has waited longest out of the queue. If nobody waits, a goroutine ends.
func (h *Handshakes) next() *shaking {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.queue.Front()
	if first == nil {
		h.working--
		return nil
	}
	s := h.queue.Remove(first).(*shaking)
	s.place = nil
	return s
}

// leave takes s out of the queue, if it waits there.
func (h *Handshakes) leave(s *shaking) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.place != nil {
		h.queue.Remove(s.place)
		s.place = nil
	}
}

// work waits for a turn to compute, and then lets the loops go first: whoever is given a turn would run at once, before the
// goroutines that wait for a processor longer, and so would the next.
func (h *Handshakes) work() {
	h.turns <- struct{}{}
	runtime.Gosched()
}

// rest gives the turn back.
func (h *Handshakes) rest() { <-h.turns }

// Made is how many have succeeded. Of a nil Handshakes none has.
func (h *Handshakes) Made() uint64 {
	if h == nil {
		return 0
	}
	return h.done.Load()
}

// Wait returns when no handshake is under way. The loops must have ended. A nil Handshakes has none.
func (h *Handshakes) Wait() {
	if h != nil {
		h.group.Wait()
	}
}

// count notes how a handshake has ended.
func (h *Handshakes) count(s *shaking, err error) {
	if err != nil && err != errNotHTTP {
		h.failed[failureOf(err)].Add(1)
		return
	}
	h.done.Add(1)
	if err == nil {
		h.open.Add(1)
	}
	if s.result.resumed {
		h.resumed.Add(1)
	}
}
