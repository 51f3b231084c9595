package loop

import (
	"context"
	"sync"

	"github.com/panjf2000/gnet/v2"
)

// executor posts tasks to an event loop, until its engine ends. gnet refuses tasks only when it has closed the loop's
// files, whose numbers another connection may have by then: a post in between would write there. So none begins once the
// engine has said that it ends, which it says before it closes anything.
type executor struct {
	mu   sync.RWMutex
	loop gnet.EventLoop // nil: there is none, or it ends
}

// open lets tasks be posted to a loop.
func (e *executor) open(loop gnet.EventLoop) { e.set(loop) }

// close lets no more be posted, and waits for what is being posted.
func (e *executor) close() { e.set(nil) }

func (e *executor) set(loop gnet.EventLoop) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loop = loop
}

// post has the loop run a task after the I/O events of the round, and tells whether there is a loop for it. It may be called
// from anywhere, and does not wait for the task.
func (e *executor) post(t gnet.Runnable) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.loop != nil && e.loop.Execute(context.Background(), t) == nil
}
