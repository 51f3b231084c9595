// Proved by TestMachineIsStopped and TestMachineComesBack.

package client

import (
	"context"
	"time"
)

// call is one batch of requests under way, with the replies that have come.
type call struct {
	link     *link
	ids      []string
	replies  []Reply // in the order of the requests
	missing  int     // replies that have not come
	err      error   // nil if all of them have come
	sent     time.Time
	connects bool // it carries a connect: no handler waits for it

	carriage
	inquiry
}

// carriage is what the goroutine that sends a call has of it.
type carriage struct {
	ctx      context.Context
	cancel   context.CancelFunc
	body     []byte
	patience time.Duration   // how long the replies may take
	answered chan struct{}   // closed when all replies are there
	unread   bool            // replies may have come, but slow handlers keep them from being read
	handled  <-chan struct{} // closed when handlers have what came with the replies; may be nil
}

// inquiry is what the user who asked for a call has of it, if there is one.
type inquiry struct {
	build    func(*session) []request // for the session of the time when it is sent
	done     chan struct{}            // closed when it is over; nil without a user
	recovers bool                     // a Run is in progress that will shake hands anew
}

// newInquiry is a call for a user.
func newInquiry(ctx context.Context, build func(*session) []request) *call {
	return &call{carriage: carriage{ctx: ctx}, inquiry: inquiry{build: build, done: make(chan struct{})}}
}

// refused is why the call has failed: its error or the refusal of a request, the
// first if it is one of several.
func (c *call) refused() error {
	if c.err != nil {
		return c.err
	}
	for i := range c.replies {
		if e := c.replies[i].refusal(); e != nil {
			return e
		}
	}
	return nil
}

// place is where a reply belongs.
type place struct {
	in    *call
	index int
}

// fulfil stores a reply; a second one with the same id is ignored.
func (p place) fulfil(r Reply) {
	if p.in.replies[p.index].Successful != nil {
		return
	}
	p.in.replies[p.index] = r
	if p.in.missing--; p.in.missing == 0 {
		close(p.in.answered)
	}
}
