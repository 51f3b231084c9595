package client

import (
	"context"
	"sync"
	"time"
)

// maxBacklog is how many bytes of events may wait for handlers before a link is
// read no further. The server's limits for slow clients hold from then on.
const maxBacklog = 1 << 20

// streamPatience is how long the end of a stream may stay away after a reply that
// says it has ended.
const streamPatience = 2 * time.Second

// link is a transport at work, and the deliveries that came by it. They are kept
// until the link is released, so that what the link before it still brings comes
// first.
type link struct {
	transport Transport
	pusher    Pusher // the transport, if the server speaks unasked on it
	inbox     *inbox

	mu       sync.Mutex
	changed  *sync.Cond
	opened   bool
	since    time.Time // of the opening
	err      error     // why it ended
	backlog  []Message
	bytes    int // of the backlog
	calls    int // Sends under way
	callers  int // those of them that someone waits for: all but connects
	released bool
	pushes   int  // what the server has said unasked
	paused   bool // not read from, until handlers have caught up
	closing  bool
	over     bool // nothing comes any more
	pumping  bool
	finished bool // done is closed

	ended chan struct{} // closed when the pusher has ended
	done  chan struct{} // closed when all is over and handled
}

func newLink(t Transport, b *inbox) *link {
	l := &link{transport: t, inbox: b, ended: make(chan struct{}), done: make(chan struct{})}
	l.pusher, _ = t.(Pusher)
	l.changed = sync.NewCond(&l.mu)
	return l
}

func (l *link) kind() string { return l.transport.ConnectionType() }

func (l *link) duplex() bool { return l.pusher != nil && l.pusher.Duplex() }

// open makes the connection if there is one to make: one for a session waits
// until there is a clientId. receive is given what the server says unasked.
func (l *link) open(ctx context.Context, clientID string, receive func(*link, []byte) error) error {
	if l.pusher == nil || clientID == "" && !l.duplex() {
		return nil
	}
	if err := l.pusher.Open(ctx, clientID); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened, l.since = true, time.Now()
	go l.listen(receive)
	go l.dispatch()
	return nil
}

// listen reads what the server says, as fast as it is handled.
func (l *link) listen(receive func(*link, []byte) error) {
	err := l.pusher.Listen(func(body []byte) error {
		if err := receive(l, body); err != nil {
			return err
		}
		l.awaitRoom()
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.over = err, true
	close(l.ended)
	l.changed.Broadcast()
}

// awaitRoom waits until handlers have caught up, unless someone waits for a
// reply, which may be a handler.
func (l *link) awaitRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushes++
	for l.bytes > maxBacklog && l.callers == 0 && !l.closing {
		l.paused = true
		l.changed.Wait()
	}
	l.paused = false
}

// waits reports whether reading waits for handlers.
func (l *link) waits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.paused
}

// streams reports whether it has a stream beside what is sent.
func (l *link) streams() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened && !l.pusher.Duplex()
}

// live reports whether connects can be sent.
func (l *link) live() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.over && !l.closing && (l.pusher == nil || l.opened)
}

// fault is why the connection ended, nil if it has not or was to.
func (l *link) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// deliver takes what came.
func (l *link) deliver(messages []Message) {
	if len(messages) == 0 {
		return
	}
	l.mu.Lock()
	l.backlog = append(l.backlog, messages...)
	for i := range messages {
		l.bytes += len(messages[i].Data) + len(messages[i].Channel)
	}
	left := !l.opened || l.finished // what comes late has no dispatch
	l.changed.Broadcast()
	l.mu.Unlock()
	if left {
		l.pump()
	}
}

// deliverReply takes what came with a reply. While there is a stream that is not
// the way of events: they mean that it is about to end, and what it still brings
// comes first.
func (l *link) deliverReply(messages []Message) {
	if len(messages) > 0 && l.streams() {
		timer := time.NewTimer(streamPatience)
		defer timer.Stop()
		select {
		case <-l.ended:
		case <-timer.C:
		}
	}
	l.deliver(messages)
}

// dispatch hands out what the server pushes, so that reading goes on while a
// handler waits for a reply.
func (l *link) dispatch() {
	for {
		l.mu.Lock()
		for !(l.released && len(l.backlog) > 0) && !l.spent() {
			l.changed.Wait()
		}
		l.finish()
		finished := l.finished
		l.mu.Unlock()
		if finished {
			return
		}
		l.pump()
	}
}

// spent reports that all is over and handled.
func (l *link) spent() bool {
	return l.over && l.released && len(l.backlog) == 0 && !l.pumping && l.calls == 0
}

// finish notes that the link is spent, for the one that follows. The caller has
// the lock.
func (l *link) finish() {
	if l.spent() && !l.finished {
		l.finished = true
		close(l.done)
	}
}

// pump moves a released link's deliveries to the inbox, in order: while one
// goroutine is at it, others leave theirs to it.
func (l *link) pump() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pumping {
		return
	}
	l.pumping = true
	for l.released && len(l.backlog) > 0 {
		messages := l.backlog
		l.backlog = nil
		l.mu.Unlock()
		l.inbox.put(messages)
		if l.pusher != nil {
			<-l.inbox.settled() // another goroutine may be at it
		}
		l.mu.Lock()
		l.bytes = 0
		for i := range l.backlog {
			l.bytes += len(l.backlog[i].Data) + len(l.backlog[i].Channel)
		}
		l.changed.Broadcast()
	}
	l.pumping = false
	l.changed.Broadcast()
	if !l.opened {
		l.finish()
	}
}

// follow releases the link once all that came by the one before has been
// handled.
func (l *link) follow(before *link) {
	if before != nil {
		select {
		case <-before.done:
		default:
			go func() {
				<-before.done
				l.release()
			}()
			return
		}
	}
	l.release()
}

func (l *link) release() {
	l.mu.Lock()
	l.released = true
	opened := l.opened
	l.changed.Broadcast()
	l.mu.Unlock()
	if !opened {
		l.pump()
	}
}

// settle is finish for a link without dispatch, which does it for others.
func (l *link) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.opened {
		l.finish()
	}
}

// begin and end count a Send; awaited says that someone waits for its reply.
func (l *link) begin(awaited bool) { l.count(1, awaited) }
func (l *link) end(awaited bool)   { l.count(-1, awaited) }

func (l *link) count(n int, awaited bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls += n
	if awaited {
		l.callers += n
	}
	l.changed.Broadcast()
	if !l.opened {
		l.finish()
	}
}

// quiet waits until no Send is under way or ctx is done.
func (l *link) quiet(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.calls > 0 && ctx.Err() == nil {
		l.changed.Wait()
	}
}

// still waits until a stream has ended, or nothing has come by it for a while.
func (l *link) still(ctx context.Context, while time.Duration) {
	for {
		l.mu.Lock()
		before := l.pushes
		l.mu.Unlock()
		timer := time.NewTimer(while)
		select {
		case <-l.ended:
		case <-ctx.Done():
		case <-timer.C:
			l.mu.Lock()
			still := l.pushes == before && !l.paused
			l.mu.Unlock()
			if !still {
				continue
			}
		}
		timer.Stop()
		return
	}
}

// close ends the connection. What came by it is still handled.
func (l *link) close() {
	l.mu.Lock()
	opened := l.opened
	l.closing, l.over = true, l.over || !opened
	l.changed.Broadcast()
	l.mu.Unlock()
	if opened {
		l.pusher.Close()
		return
	}
	l.settle()
}

// discard closes a link that has not come into use.
func (l *link) discard() {
	l.release()
	l.close()
}
