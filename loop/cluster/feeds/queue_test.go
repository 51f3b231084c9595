package feeds

import (
	"context"
	"slices"
	"testing"
)

// A queue keeps its order and its bound: the oldest goes, or whoever brings more waits.
func TestQueue(t *testing.T) {
	q := newQueue[int](3 * (waitingBytes + 10))
	for n := range 5 {
		q.push(n, 10)
	}
	if got := q.take(t.Context(), 2); !slices.Equal(got, []int{2, 3}) {
		t.Errorf("took %v", got)
	}
	if waits, dropped := q.state(); waits != 1 || dropped != 2 {
		t.Errorf("%d wait, %d dropped", waits, dropped)
	}
	q.push(5, 1000) // alone it is longer than all may be together
	if got := q.take(t.Context(), 9); !slices.Equal(got, []int{5}) {
		t.Errorf("took %v", got)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if got := q.take(done, 9); got != nil {
		t.Errorf("took %v", got)
	}
	q.wait(6, 10_000)
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		q.wait(7, 10)
		q.wait(8, 10_000)
		q.wait(9, 10)
	}()
	var got []int
	for len(got) < 3 {
		got = append(got, q.take(t.Context(), 1)...)
	}
	<-waiting
	if got = append(got, q.take(t.Context(), 9)...); !slices.Equal(got, []int{6, 7, 8, 9}) {
		t.Errorf("took %v", got)
	}
	q.wait(1, 10_000)
	held := make(chan struct{})
	go func() {
		defer close(held)
		q.wait(2, 10)
	}()
	q.close()
	<-held
	q.push(3, 1)
	if got := q.take(t.Context(), 9); !slices.Equal(got, []int{1}) {
		t.Errorf("took %v", got)
	}
	if _, dropped := q.state(); dropped != 4 {
		t.Errorf("%d dropped", dropped)
	}
}
