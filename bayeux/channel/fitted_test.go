package channel

import (
	"fmt"
	"slices"
	"testing"
)

// Where few of many are left, the fitted table has the same subscriptions in the same order, takes as much as if there had never been
// more, and no stamp of before.
func TestFittedTable(t *testing.T) {
	const many, left = 3000, 50
	fill := func(subscribers Subscriber) *Table {
		table := NewTable(16)
		for s := range subscribers {
			for p := range 40 {
				table.Subscribe(s, fmt.Appendf(nil, "/user/%d/%d", s, p))
			}
			table.Subscribe(s, []byte("/all/*"))
		}
		return table
	}
	table := fill(many)
	if table.Sparse() {
		t.Error("a full table is sparse")
	}
	for s := range Subscriber(many - left) {
		table.UnsubscribeAll(left+s, nil)
	}
	if !table.Sparse() {
		t.Error("few of many are not sparse")
	}
	fitted := table.Fitted()
	patterns := func(t *Table, s Subscriber) (list []string) {
		t.Of(s, func(p []byte) bool { list = append(list, string(p)); return true })
		return list
	}
	for s := range Subscriber(many) {
		if got, want := patterns(fitted, s), patterns(table, s); !slices.Equal(got, want) {
			t.Fatalf("%d is on %v, want %v", s, got, want)
		}
	}
	if got, want := fitted.Memory(), fill(left).Memory(); got > want/20*21 { // hashes differ
		t.Errorf("%d bytes, want about %d", got, want)
	}
	for _, name := range []string{"/all/x", "/user/7/7"} {
		if table.Stamp([]byte(name)) == fitted.Stamp([]byte(name)) {
			t.Errorf("%s has the same stamp", name)
		}
	}
}
