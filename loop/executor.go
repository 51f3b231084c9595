package loop

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// executor posts tasks to an event loop, until its engine ends. gnet refuses tasks only when it has closed the loop's
// files, whose numbers another connection may have by then: a post in between would write there. So none begins once the
// engine has said that it ends, which it says before it closes anything.
type executor struct {
	mu   sync.RWMutex
	loop gnet.EventLoop // nil: there is none, or it ends

	entering sync.Mutex // held while a connection is given to the loop
}

// open lets tasks be posted to a loop.
func (e *executor) open(loop gnet.EventLoop) { e.set(loop) }

// close lets no more be posted, and waits for what is being posted.
func (e *executor) close() {
	e.set(nil)
	e.entering.Lock()
	defer e.entering.Unlock()
}

func (e *executor) set(loop gnet.EventLoop) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loop = loop
}

// entry is how long a connection may take to be the loop's. One that is stuck gets it later, and one that has ended never.
const entry = time.Second

var (
	errNoLoop   = errors.New("there is no loop to take the connection")
	errEntering = errors.New("the loop has not come to the connection yet")
)

// serves tells whether there is a loop.
func (e *executor) serves() bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.loop != nil
}

// enroll gives the loop a connection, which is gone for the caller then, but with errNoLoop. gnet does it by a goroutine, so
// whoever closes the executor has to wait for that one too.
func (e *executor) enroll(ctx context.Context, conn net.Conn) error {
	e.entering.Lock()
	defer e.entering.Unlock()
	e.mu.RLock()
	loop := e.loop
	e.mu.RUnlock()
	if loop == nil {
		return errNoLoop
	}
	done, err := loop.Enroll(ctx, conn)
	if err != nil {
		return errNoLoop
	}
	select {
	case result := <-done:
		return result.Err
	case <-time.After(entry):
		return errEntering
	}
}

// post has the loop run a task after the I/O events of the round, and tells whether there is a loop for it. It may be called
// from anywhere, and does not wait for the task.
func (e *executor) post(t gnet.Runnable) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.loop != nil && e.loop.Execute(context.Background(), t) == nil
}
