// Proved by TestFittedTable and TestTableBehavesAsItsModel.

package channel

// Most of what a Table has grown to is worth giving back if at most one of sparseShare subscriptions is left, and no more than what is
// entered anew in one go.
const (
	sparseShare = 4
	sparseMost  = 8192
)

// Sparse tells whether Fitted gives back much and takes little time.
func (t *Table) Sparse() bool {
	return t.records.Len() <= sparseMost && t.records.Len() < t.records.Size()/sparseShare
}

// Fitted is a table with the same subscriptions, in the same order of each subscriber, that takes no more than these need. No stamp of
// the one is a stamp of the other.
func (t *Table) Fitted() *Table {
	to := NewTable(len(t.cache.entries))
	to.changes = t.changes
	var list []uint32 // of nodes, the newest first
	for s := range Subscriber(len(t.heads)) {
		list = list[:0]
		for r := t.first(s); r != 0; r = t.records.At(r).next {
			list = append(list, t.records.At(r).node)
		}
		for i := len(list) - 1; i >= 0; i-- {
			t.name = t.pattern(t.name[:0], list[i])
			to.Subscribe(s, t.name)
		}
	}
	return to
}
