package loop

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// tallyLoop is an event loop that counts tasks, and fails the test when one comes after its files were closed.
type tallyLoop struct {
	gnet.EventLoop
	t      *testing.T
	tasks  atomic.Int64
	closed atomic.Bool
	err    error
}

func (l *tallyLoop) Execute(context.Context, gnet.Runnable) error {
	if l.closed.Load() {
		l.t.Error("posted to a loop whose files are closed")
	}
	l.tasks.Add(1)
	return l.err
}

func TestNothingIsPostedToAnEndedLoop(t *testing.T) {
	t.Parallel()
	var e executor
	equal(t, e.post(&task{}), false)
	loop := &tallyLoop{t: t}
	e.open(loop)
	equal(t, e.post(&task{}), true)
	var posters sync.WaitGroup
	for range 4 {
		posters.Go(func() {
			for e.post(&task{}) {
			}
		})
	}
	for loop.tasks.Load() < 1000 {
		time.Sleep(time.Millisecond)
	}
	e.close()
	loop.closed.Store(true)
	posters.Wait()
	equal(t, e.post(&task{}), false)
	e.open(&tallyLoop{t: t, err: errors.New("shut down")})
	equal(t, e.post(&task{}), false)
	e.open(&tallyLoop{t: t})
	equal(t, e.post(&task{}), true)
}

// A new engine that ends while its loops are being bound leaves nobody waiting for the rest.
func TestBindingEndsWithItsEngine(t *testing.T) {
	t.Parallel()
	done, over := make(chan gnet.RegisteredResult, 1), make(chan struct{})
	done <- gnet.RegisteredResult{}
	equal(t, registered(done, over) == nil, true)
	full := errors.New("no more files")
	done <- gnet.RegisteredResult{Err: full}
	equal(t, errors.Is(registered(done, over), full), true)
	close(over)
	equal(t, errors.Is(registered(nil, over), errEnded), true)
}

// What binds a loop while its engine ends does not open it again.
func TestEndingLoopsStayClosed(t *testing.T) {
	t.Parallel()
	s := made(t, nil)
	s.loops.close()
	r := s.loops.bindNext(&tallyLoop{t: t})
	equal(t, r.executor.post(&task{}), false)
	s.loops.unbind()
	r = s.loops.bindNext(&tallyLoop{t: t})
	equal(t, r.executor.post(&task{}), true)
}
