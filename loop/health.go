package loop

import (
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// health is what keeps the server from doing its job, for those who send it
// clients. Whatever part is in trouble says so here, once, and once it is over.
type health struct {
	retired  atomic.Bool
	mu       sync.Mutex
	troubles map[string]string // why, by part
}

// trouble notes that a part cannot do its job, and why; an empty why that it can
// again.
func (h *health) trouble(part, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if why == "" {
		delete(h.troubles, part)
		return
	}
	if h.troubles == nil {
		h.troubles = make(map[string]string)
	}
	h.troubles[part] = why
}

// list is the troubles in order.
func (h *health) list() (reasons []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for part, why := range h.troubles {
		reasons = append(reasons, part+": "+why)
	}
	sort.Strings(reasons)
	return reasons
}

// stuckAfter is how long a loop may be at one turn before it counts as stuck.
const stuckAfter = 5 * time.Second

// Unready tells why the server should be sent no new clients; nothing, if it should.
// It may serve all the same.
func (s *Server) Unready() (reasons []string) {
	switch {
	case s.health.retired.Load():
		reasons = append(reasons, "draining")
	case s.ready.Load():
	default:
		reasons = append(reasons, s.absent())
	}
	for id := range s.tickPosted {
		if late := s.overdue(id); late > stuckAfter {
			reasons = append(reasons, fmt.Sprintf("event loop %d: at one turn for %d s", id, late/time.Second))
		}
	}
	return append(reasons, s.health.list()...)
}

// absent says why the server takes nobody.
func (s *Server) absent() string {
	select {
	case <-s.booted:
		return "draining"
	default:
		return "starting"
	}
}

// Retire lets Unready say that a drain comes, while everything is served still.
func (s *Server) Retire() { s.health.retired.Store(true) }
