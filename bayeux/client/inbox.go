package client

import (
	"slices"
	"sync"
	"time"
)

// maxBacklog is how many bytes of events may wait for handlers before a connection is
// read no further. The server's limits for slow clients hold from then on.
const maxBacklog = 1 << 20

// inbox hands messages to handlers, one at a time and in order, whichever connection
// brought them. Each connection has a lane, and the lanes take their turns in the order
// in which the session used them: a lane has its turn when the one before it is over,
// which means that nothing comes by it any more, and all that did is handled.
type inbox struct {
	table registry

	mu      sync.Mutex
	changed *sync.Cond
	lanes   []*lane
	idle    chan struct{} // closed when handlers have caught up; nil while none is at work
}

// lane is what has come by one connection and is not handled.
type lane struct {
	in      *inbox
	waiting []Message
	bytes   int  // of them and of the message that is being handled
	callers int  // how many wait for replies by this connection, handlers among them
	pushes  int  // how often something came
	over    bool // nothing comes any more
	closing bool // the connection is about to end: reading does not wait for handlers
	paused  bool // reading waits for handlers
}

func newInbox() *inbox {
	b := &inbox{}
	b.changed = sync.NewCond(&b.mu)
	return b
}

func (b *inbox) newLane() *lane { return &lane{in: b} }

// use gives a lane its turn after all others.
func (b *inbox) use(l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lanes = append(b.lanes, l)
	b.start()
}

// end notes that nothing comes by a lane any more.
func (b *inbox) end(l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.over = true
	b.start()
}

// put takes messages of a lane. It gives a channel that is closed when they are
// handled, or nil if they have to wait for other messages or for a handler at work,
// which may itself be waiting for the caller.
func (b *inbox) put(l *lane, messages []Message) (handled <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.pushes++
	if len(messages) == 0 {
		return nil
	}
	l.waiting = append(l.waiting, messages...)
	for i := range messages {
		l.bytes += messages[i].size()
	}
	if l.over && !slices.Contains(b.lanes, l) {
		b.lanes = append(b.lanes, l) // by a request that was sent after the connection was closed
	}
	if b.start() && b.lanes[0] == l {
		return b.idle
	}
	return nil
}

// start has handlers work if there is something for them, unless they are at it. The
// caller has the lock.
func (b *inbox) start() bool {
	if b.idle != nil || b.next() == nil {
		return false
	}
	b.idle = make(chan struct{})
	go b.handOut()
	return true
}

// next is the lane whose turn it is, nil if nothing of it waits. The caller has the
// lock.
func (b *inbox) next() *lane {
	for len(b.lanes) > 0 {
		l := b.lanes[0]
		if len(l.waiting) > 0 {
			return l
		}
		if !l.over {
			return nil
		}
		b.lanes = slices.Delete(b.lanes, 0, 1)
	}
	return nil
}

// handOut calls handlers until nothing waits.
func (b *inbox) handOut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := b.next(); l != nil; l = b.next() {
		m := l.waiting[0]
		l.waiting[0] = Message{}
		l.waiting = l.waiting[1:]
		b.mu.Unlock()
		for _, handle := range b.table.handlers(&m) {
			handle(m)
		}
		b.mu.Lock()
		l.bytes -= m.size()
		b.changed.Broadcast()
	}
	close(b.idle)
	b.idle = nil
}

// settled is closed once no handler is at work.
func (b *inbox) settled() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.idle != nil {
		return b.idle
	}
	done := make(chan struct{})
	close(done)
	return done
}

// awaitRoom waits until handlers have caught up, unless someone waits for a
// reply, which may be a handler.
func (l *lane) awaitRoom() {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	for l.bytes > maxBacklog && l.callers == 0 && !l.closing {
		l.paused = true
		l.in.changed.Wait()
	}
	l.paused = false
}

// isPaused reports whether reading waits for handlers.
func (l *lane) isPaused() bool {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	return l.paused
}

// wait counts those who wait for a reply.
func (l *lane) wait(n int) {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	l.callers += n
	l.in.changed.Broadcast()
}

// hurry ends the waiting for handlers.
func (l *lane) hurry() {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	l.closing = true
	l.in.changed.Broadcast()
}

// looks is how often a lane is looked at until it counts as still. A process that was stopped for long has not
// looked meanwhile, so it reads what came before it concludes.
const looks = 10

// awaitStill waits until nothing has come by the lane for a while, though it is read
// from, or until the end of its connection.
func (l *lane) awaitStill(while time.Duration, ended <-chan struct{}) {
	before, _ := l.activity()
	for quiet := 0; quiet < looks; quiet++ {
		timer := time.NewTimer(while / looks)
		select {
		case <-ended:
			timer.Stop()
			return
		case <-timer.C:
		}
		if now, paused := l.activity(); now != before || paused {
			before, quiet = now, -1
		}
	}
}

func (l *lane) activity() (pushes int, paused bool) {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	return l.pushes, l.paused
}
