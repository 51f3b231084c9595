package channel

import (
	"fmt"
	"strings"
	"testing"
)

// What a table takes grows with its patterns and their length, and their text goes with
// the last subscriber.
func TestTableMemory(t *testing.T) {
	t.Parallel()
	table, empty := NewTable(16), NewTable(16).Memory()
	for s := range Subscriber(2) {
		for i := range 1000 {
			table.Subscribe(s, fmt.Appendf(nil, "/%d/%s", i, strings.Repeat("x", 200)))
		}
	}
	full := table.Memory()
	if full < empty+200*1000+recordMemory*2000 {
		t.Errorf("%d bytes for 1,000 patterns of 200 bytes with two subscribers each", full)
	}
	table.UnsubscribeAll(0, nil)
	table.UnsubscribeAll(1, nil)
	if left := table.Memory(); left > full-200*1000 {
		t.Errorf("%d bytes of %d are left without subscribers", left, full)
	}
}
