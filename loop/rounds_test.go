package loop

import (
	"testing"
)

// However long a mailbox is not worked off, the loop has one task posted that goes on with it: each is a turn
// of its own.
func TestOneTaskDrains(t *testing.T) {
	b := newBench(t, 1)
	r := b.server.reactors[0]
	fill := func() {
		for range 20 * turnEntries {
			r.box.Do(func() {})
		}
	}
	fill()
	r.wakeTask.Run(t.Context())
	for range 5 {
		fill()
		r.tickTask.Run(t.Context())
		r.tickTask.Run(t.Context())
		equal(t, len(b.server.helper), 1)
		task := (<-b.server.helper).(*task)
		equal(t, task == &r.drainTask, true)
		task.Run(t.Context())
	}
	for len(b.server.helper) > 0 {
		(<-b.server.helper).(*task).Run(t.Context())
	}
	equal(t, r.box.Waits() || r.inbox.Left() > 0, false)
}
