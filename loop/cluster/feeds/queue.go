package feeds

import (
	"context"
	"sync"
)

// queue is what waits, in order, bounded by its bytes.
type queue[T any] struct {
	most int
	soon chan struct{} // has one entry when there is something

	mu      sync.Mutex
	room    *sync.Cond
	list    []waiting[T]
	bytes   int
	dropped uint64
	closed  bool
}

type waiting[T any] struct {
	value T
	bytes int
}

// waitingBytes is about what takes something that waits beside its own bytes.
const waitingBytes = 96

func newQueue[T any](most int) *queue[T] {
	q := &queue[T]{most: most, soon: make(chan struct{}, 1)}
	q.room = sync.NewCond(&q.mu)
	return q
}

// wait appends a value, and waits for room before. Once the queue is closed it keeps nothing.
func (q *queue[T]) wait(value T, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.bytes > q.most && !q.closed {
		q.room.Wait()
	}
	if !q.closed {
		q.append(value, bytes)
	}
}

// push appends a value at once: when the queue is full the oldest goes, since what is new is worth more.
func (q *queue[T]) push(value T, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.dropped++
		return
	}
	q.append(value, bytes)
	for q.bytes > q.most && len(q.list) > 1 {
		q.bytes -= q.list[0].bytes
		q.list[0] = waiting[T]{}
		q.list = q.list[1:]
		q.dropped++
	}
}

func (q *queue[T]) append(value T, bytes int) {
	q.list = append(q.list, waiting[T]{value, bytes + waitingBytes})
	q.bytes += bytes + waitingBytes
	select {
	case q.soon <- struct{}{}:
	default:
	}
}

// take gives at most so many values, after there are any. It gives none when ctx is done.
func (q *queue[T]) take(ctx context.Context, most int) []T {
	for {
		if list := q.first(most); len(list) > 0 {
			return list
		}
		select {
		case <-q.soon:
		case <-ctx.Done():
			return q.first(most)
		}
	}
}

func (q *queue[T]) first(most int) (list []T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(most, len(q.list))
	for i := range q.list[:n] {
		list = append(list, q.list[i].value)
		q.bytes -= q.list[i].bytes
		q.list[i] = waiting[T]{}
	}
	if q.list = q.list[n:]; len(q.list) == 0 {
		q.list = nil
	}
	q.room.Broadcast()
	return list
}

// close lets nobody wait any more, and keeps nothing more.
func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
}

// state is how many values wait, and how many were dropped.
func (q *queue[T]) state() (waiting int, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list), q.dropped
}
