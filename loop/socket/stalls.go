// Proved by TestStalledHandshakesGiveWay.

package socket

import (
	"container/list"
	"time"
)

// stalls knows which handshakes wait for their clients, and has the slowest of them end while others wait for their places: a
// client that says its first word and no other would keep one until its deadline.
type stalls struct {
	patience time.Duration // how long a client may have others wait
	waiting  list.List     // of *shaking, under the lock of Handshakes
	looking  bool          // a look is due, likewise
}

const (
	// stallPatience is more than a client over a slow line takes for its part.
	stallPatience = 500 * time.Millisecond
	// stallLook is how often it is looked for them.
	stallLook = 100 * time.Millisecond
)

// stall is how a handshake has waited for its client.
type stall struct {
	place  *list.Element // in waiting; nil while it does not wait
	since  time.Time
	before time.Duration // the times before
}

// await waits for a whole record of the client's, or the end of the handshake.
func (h *Handshakes) await(s *shaking) {
	h.mu.Lock()
	s.stall.since = time.Now()
	s.stall.place = h.stalls.waiting.PushBack(s)
	h.mu.Unlock()
	s.await()
	h.mu.Lock()
	h.stalls.waiting.Remove(s.stall.place)
	s.stall.place, s.stall.before = nil, s.stall.before+time.Since(s.stall.since)
	h.mu.Unlock()
}

// lookSoon has it looked for stalls while others wait. The lock is held.
func (h *Handshakes) lookSoon() {
	if !h.stalls.looking && h.queue.Len() > 0 {
		h.stalls.looking = true
		time.AfterFunc(stallLook, h.makeRoom)
	}
}

// makeRoom ends as many stalled handshakes as others wait.
func (h *Handshakes) makeRoom() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, wanted := time.Now(), h.queue.Len()
	for e := h.stalls.waiting.Front(); e != nil && wanted > 0; e = e.Next() {
		s := e.Value.(*shaking)
		if s.stall.before+now.Sub(s.stall.since) >= h.stalls.patience {
			s.giveUp()
			wanted--
		}
	}
	h.stalls.looking = false
	h.lookSoon()
}

// giveUp has the handshake fail, for its client's slowness.
func (s *shaking) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled = true
	s.more.Broadcast()
}
