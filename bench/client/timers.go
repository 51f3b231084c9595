package client

import "container/heap"

// never is later than any time of a run.
const never = int64(1) << 62

// timers wakes sessions up at a later time: after the advised interval or a back-off.
type timers struct{ entries timerHeap }

type timer struct {
	due     int64
	session int32
	serial  uint32 // of the session when the timer was set; an older one is void
	beat    bool   // for the heartbeat; it is void when the session's is due at another time
}

func (t *timers) add(e timer) { heap.Push(&t.entries, e) }

// wake is when the first timer is due, but not after next.
func (t *timers) wake(next int64) int64 {
	if len(t.entries) == 0 {
		return next
	}
	return min(next, t.entries[0].due)
}

// pop returns the first timer that is due at now.
func (t *timers) pop(now int64) (timer, bool) {
	if len(t.entries) == 0 || t.entries[0].due > now {
		return timer{}, false
	}
	return heap.Pop(&t.entries).(timer), true
}

type timerHeap []timer

// Len implements heap.Interface, as the methods that follow do.
func (h timerHeap) Len() int { return len(h) }

// Less puts the timer that is due first to the top.
func (h timerHeap) Less(i, j int) bool { return h[i].due < h[j].due }

// Swap exchanges two timers.
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push appends a timer.
func (h *timerHeap) Push(x any) { *h = append(*h, x.(timer)) }

// Pop takes the last timer away.
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
