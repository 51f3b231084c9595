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

// unready tells why the server should be sent no new clients: absent is why it takes nobody, if it does not, and
// overdue for how long each loop has been at one turn.
func (h *health) unready(absent string, overdue []time.Duration) (reasons []string) {
	if h.retired.Load() {
		absent = "draining"
	}
	if absent != "" {
		reasons = append(reasons, absent)
	}
	for id, late := range overdue {
		if late > stuckAfter {
			reasons = append(reasons, fmt.Sprintf("event loop %d: at one turn for %d s", id, late/time.Second))
		}
	}
	return append(reasons, h.list()...)
}
