// Proved by TestDisconnectDuringBackoffEndsRun and TestSubscribeLeavesLostSessionToRun.

package client

import (
	"context"
	"fmt"
	"sync"
)

// operation is a Handshake or a Run: what the machine is busy with on behalf of a user.
type operation struct {
	ctx       context.Context // for the values that transports may look for; it is never done
	recovers  bool            // it is a Run, which goes on after failures
	mu        sync.Mutex
	failures  []error // to tell
	result    error
	finished  bool
	something chan struct{} // has one entry when there is something new
}

func newOperation(ctx context.Context, recovers bool) *operation {
	return &operation{ctx: context.WithoutCancel(ctx), recovers: recovers, something: make(chan struct{}, 1)}
}

// failure is how the operation puts an error that ends it.
func (w *operation) failure(err error) error {
	if w.recovers || err == nil {
		return err
	}
	return fmt.Errorf("client: handshake: %w", err)
}

func (w *operation) tell(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, err)
	w.wake()
}

func (w *operation) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.result, w.finished = err, true
	w.wake()
}

func (w *operation) wake() {
	select {
	case w.something <- struct{}{}:
	default:
	}
}

// await tells of failures as they come, and gives the result.
func (w *operation) await(tell func(error)) error {
	for {
		w.mu.Lock()
		failures, result, finished := w.failures, w.result, w.finished
		w.failures = nil
		w.mu.Unlock()
		for _, err := range failures {
			tell(err)
		}
		if finished {
			return result
		}
		<-w.something
	}
}
