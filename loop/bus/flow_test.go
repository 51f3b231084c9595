package bus

import (
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// A flow allows one more frame while less than the limit is on its way. One that had to
// wait is told once to read on, when less than half of the limit is left.
func TestFlowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 1000
		var f Flow
		var sent []int
		bytes, waits := 0, false
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				if waits {
					t.Skip("it is not read from")
				}
				if allowed := f.Allows(limit); allowed != (bytes < limit) {
					t.Fatalf("%v at %d bytes", allowed, bytes)
				} else if waits = !allowed; waits {
					return
				}
				n := rapid.IntRange(1, 700).Draw(t, "bytes")
				f.Add(n)
				sent, bytes = append(sent, n), bytes+n
			},
			"done": func(t *rapid.T) {
				if len(sent) == 0 {
					t.Skip("nothing is on its way")
				}
				bytes -= sent[0]
				readOn := f.Done(sent[0], limit)
				if readOn != (waits && bytes < limit/2) {
					t.Fatalf("read on is %v at %d bytes, waits %v", readOn, bytes, waits)
				}
				sent, waits = sent[1:], waits && !readOn
			},
		})
	})
}

// Who waits is always told to go on, however both sides' calls fall together.
func TestFlowIsNeverStuck(t *testing.T) {
	t.Parallel()
	const limit, frames = 3, 20_000
	var f Flow
	frame, readOn := make(chan struct{}, frames), make(chan struct{}, 1)
	var group sync.WaitGroup
	group.Go(func() {
		for range frame {
			if f.Done(1, limit) {
				readOn <- struct{}{}
			}
		}
	})
	for range frames {
		if !f.Allows(limit) {
			<-readOn
		}
		f.Add(1)
		frame <- struct{}{}
	}
	close(frame)
	group.Wait()
	equal(t, f.bytes.Load(), 0)
}

// A websocket without a flow may send, and has not taken its leave.
func TestNoFlow(t *testing.T) {
	t.Parallel()
	var none *Flow
	equal(t, none.Allows(0), true)
	equal(t, none.Ended(), false)
	some := new(Flow)
	equal(t, some.Ended(), false)
	some.End()
	equal(t, some.Ended(), true)
}
