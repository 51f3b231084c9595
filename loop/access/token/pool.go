// Proved by TestFullPool.

package token

import "sync"

// pool does what takes too long for an event loop, some of it at once, in goroutines that end when nothing is left.
type pool struct {
	most, room int // at once, and waiting

	mu      sync.Mutex
	working int
	queue   []func()
}

// maxWaiting is how many tokens may wait for their signature to be verified.
const maxWaiting = 10_000

// do has f done soon, and tells whether there was room.
func (p *pool) do(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.working < p.most:
		p.working++
		go p.work(f)
	case len(p.queue) < p.room:
		p.queue = append(p.queue, f)
	default:
		return false
	}
	return true
}

func (p *pool) work(f func()) {
	for f != nil {
		f()
		f = p.next()
	}
}

func (p *pool) next() (f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.working--
		p.queue = nil
		return nil
	}
	f = p.queue[0]
	p.queue[0], p.queue = nil, p.queue[1:]
	return f
}
