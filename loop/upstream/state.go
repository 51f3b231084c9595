// Proved by TestLostAndFound.

package upstream

import (
	"context"
	"strconv"
	"sync"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/message"
)

// peer is what is known of the server at the other end.
type peer struct {
	node       string // its id; one that we have given it, where it has none
	halley     bool   // it has one of its own, and drops what it has had
	maxMessage int    // bytes of a request that it takes, 0: not known
	acks       bool   // it sends again what we have not acknowledged
}

// request is how many bytes a request to it may have.
func (p peer) request() int {
	if p.maxMessage > 0 {
		return p.maxMessage
	}
	return usualRequest
}

// greeted is the peer as its reply to the handshake tells of it.
func (p peer) greeted(ext []byte, given string, acks bool) peer {
	about := message.Get(ext, "halley")
	p = peer{node: given, acks: acks}
	p.maxMessage, _ = strconv.Atoi(string(message.Get(about, "maxMessage")))
	if raw := message.Get(about, "node"); len(raw) == event.NodeID+2 {
		if t := event.ParseTrail([]byte(`{"halley":{"via":[` + string(raw) + `]}}`)); len(t.Via) == 1 {
			p.node, p.halley = t.Via[0], true
		}
	}
	return p
}

// state is whether the upstream is there.
type state struct {
	mu     sync.Mutex
	at     peer
	up     bool
	why    string    // it is not
	failed time.Time // when it was lost, or was last not found
	torn   bool      // what was on its way then may be lost
}

func (s *state) peer() peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *state) isUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up
}

// awaitUp waits until the upstream is there, and tells whether it is; false when ctx is done before.
func (s *state) awaitUp(ctx context.Context) bool {
	for !s.isUp() {
		if ctx.Err() != nil {
			return false
		}
		pause(ctx, lookEvery/5)
	}
	return true
}

// lookEvery is how often an upstream that was lost is looked for.
const lookEvery = 250 * time.Millisecond

// lose notes that the upstream is lost, and tells whether that is news.
func (s *state) lose(why string, now time.Time) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news = s.up || s.why == ""
	s.up, s.why, s.failed = false, why, now
	s.torn = s.torn || news
	return news
}

// find notes that the upstream is there, and tells whether that is news, and whether something may have been lost.
func (s *state) find() (news, torn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news, torn = !s.up, s.torn && !s.at.acks
	s.up, s.why, s.torn = true, "", false
	return news, torn
}

// calm tells whether nothing has failed for a while.
func (s *state) calm(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.failed) > 2*lookEvery
}
