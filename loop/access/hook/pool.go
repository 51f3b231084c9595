// Proved by TestQueueIsBounded and TestQueueIsBoundedInBytes.

package hook

import "sync"

// pool has jobs done, so many at once, while so many others may wait. It has no goroutine while there is nothing to do.
type pool struct {
	most, room int // at once, waiting
	mu         sync.Mutex
	running    int
	waiting    []job
	bytes      int // of those that wait
	done       sync.WaitGroup
}

// job is a question on its way.
type job struct {
	bytes int
	do    func()
}

// maxWaitingBytes bounds what waiting questions take together.
const maxWaitingBytes = 16 << 20

// submit has a job done, unless too many wait.
func (p *pool) submit(j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.running < p.most:
		p.running++
		p.done.Go(func() { p.work(j) })
	case len(p.waiting) >= p.room || p.bytes+j.bytes > maxWaitingBytes:
		return false
	default:
		p.waiting = append(p.waiting, j)
		p.bytes += j.bytes
	}
	return true
}

// work does a job, and those that wait after it.
func (p *pool) work(j job) {
	for more := true; more; j, more = p.next() {
		j.do()
	}
}

func (p *pool) next() (j job, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.waiting = nil
		p.running--
		return job{}, false
	}
	j, p.waiting[0] = p.waiting[0], job{}
	p.waiting = p.waiting[1:]
	p.bytes -= j.bytes
	return j, true
}

// load is how many jobs are being done, and how many wait.
func (p *pool) load() (running, waiting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running, len(p.waiting)
}
